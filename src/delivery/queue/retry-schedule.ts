/** The longest wait that a Retry-After header can impose: 24 hours. A longer one counts as this. */
export const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1_000

/** Waits are longer by a random part of up to this share, so that what failed together does not come back together. */
const STRETCH = 0.2

/** @param random returns a number from 0 to 1 */
export const stretched = (ms: number, random: () => number): number => ms * (1 + STRETCH * random())

export interface FailedTry {
  /** seconds to wait after the first, the second, ... failed try */
  schedule: number[]
  /** failed tries so far, this one included: 1 after the first */
  tries: number
  /** the wait that the response names (Retry-After); null = none */
  retryAfterMs: number | null
  /** returns a number from 0 to 1 */
  random: () => number
}

/**
 * Milliseconds until the next attempt is due; null when the schedule is used up. The wait is stretched by up to a fifth. Retry-After
 * makes it longer, never shorter, and never longer than a day.
 */
export function retryWaitMs({ schedule, tries, retryAfterMs, random }: FailedTry): number | null {
  const scheduled = schedule[tries - 1]
  if (scheduled === undefined) return null
  const asked = Math.min(stretched(retryAfterMs ?? 0, random), RETRY_AFTER_MAX_MS)
  return Math.max(stretched(scheduled * 1_000, random), asked)
}

/**
 * Reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or an HTTP date in one of its three forms.
 *
 * @returns milliseconds from `now`, from 0 (a date in the past) to RETRY_AFTER_MAX_MS; null when the value has neither form
 */
export function parseRetryAfter(value: string, now: Date): number | null {
  const text = value.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : httpDate(text, now) - now.getTime()
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), RETRY_AFTER_MAX_MS)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'
const MONTH = `(?<month>${MONTHS.join('|')})`

/** RFC 9110, section 5.6.7. */
const HTTP_DATES = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(`^[A-Z][a-z]{2} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
]

/** @returns Unix time in milliseconds; NaN when the text is not an HTTP date */
function httpDate(text: string, now: Date): number {
  const parts = HTTP_DATES.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (parts === undefined) return Number.NaN
  const { year = '', month = '', day, hour, minute, second } = parts
  const [date, hours, minutes, seconds] = [day, hour, minute, second].map(Number) as [number, ...number[]]
  const midnight = new Date(Date.UTC(fullYear(year, now), MONTHS.indexOf(month), date))
  // 60 is a leap second.
  const isReal =
    midnight.getUTCDate() === date && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) <= 60
  return isReal ? midnight.setUTCHours(Number(hours), Number(minutes), Number(seconds)) : Number.NaN
}

/** A year of two digits that seems more than 50 years ahead is the latest past year with these digits (same section). */
function fullYear(year: string, now: Date): number {
  if (year.length === 4) return Number(year)
  const thisYear = now.getUTCFullYear()
  const guess = thisYear - (thisYear % 100) + Number(year)
  return guess > thisYear + 50 ? guess - 100 : guess
}
