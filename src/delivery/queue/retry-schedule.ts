/** A receiver may ask for patience, but not park a delivery for ever: a longer Retry-After counts as this. */
export const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1_000

export interface FailedTry {
  /** seconds to wait after the first, the second, ... failed try */
  schedule: number[]
  /** failed tries so far, this one included: 1 after the first */
  tries: number
  now: Date
  /** the Retry-After header of the response */
  retryAfter: string | null
}

/** When to try again; null when the schedule is used up. Retry-After makes the wait longer, never shorter. */
export function nextAttempt({ schedule, tries, now, retryAfter }: FailedTry): Date | null {
  const wait = schedule[tries - 1]
  if (wait === undefined) return null
  const asked = retryAfter === null ? null : parseRetryAfter(retryAfter, now)
  return new Date(now.getTime() + Math.max(wait * 1_000, asked ?? 0))
}

/**
 * Reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or an HTTP date in one of its three forms.
 *
 * @returns milliseconds from `now`: 0 for a date in the past, RETRY_AFTER_MAX_MS at most; null when it is neither
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

/** @returns Unix time in milliseconds; NaN when it is no HTTP date */
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

/** A year of two digits that seems more than 50 years ahead is the last such year in the past (same section). */
function fullYear(year: string, now: Date): number {
  if (year.length === 4) return Number(year)
  const thisYear = now.getUTCFullYear()
  const guess = thisYear - (thisYear % 100) + Number(year)
  return guess > thisYear + 50 ? guess - 100 : guess
}
