import fc from 'fast-check'
import { parseRetryAfter, RETRY_AFTER_MAX_MS, retryWaitMs } from '../../../src/delivery/queue/retry-schedule'

const DOCUMENTED = [5, 25, 125, 625, 3125]
const NOW = new Date('2026-10-21T07:28:00.250Z')
const HOUR_MS = 3_600_000

/** @param random how far each wait is stretched: 0 = not at all, 1 = by a fifth */
const waitMs = (tries: number, retryAfter: string | null = null, schedule = DOCUMENTED, random = 0) => {
  const retryAfterMs = retryAfter === null ? null : parseRetryAfter(retryAfter, NOW)
  return retryWaitMs({ schedule, tries, retryAfterMs, random: () => random })
}

describe('the wait after a failed try', () => {
  it('is 5, 25, 125, 625, 3125 s; then there is no other try', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((tries) => waitMs(tries))
    expect(waits).toEqual([5_000, 25_000, 125_000, 625_000, 3_125_000, null, null])
  })

  it('is stretched by up to a fifth', () => {
    expect(waitMs(1, null, DOCUMENTED, 0.5)).toBeCloseTo(5_500)
    expect(waitMs(5, null, DOCUMENTED, 1)).toBeCloseTo(3_750_000)
  })

  it('does not exist when the schedule is empty', () => {
    expect(waitMs(1, null, [])).toBeNull()
    expect(waitMs(1, '60', [])).toBeNull()
  })

  it.each([
    ['6', 6_000],
    ['3600', HOUR_MS],
    ['Wed, 21 Oct 2026 08:28:00 GMT', HOUR_MS - 250],
  ])('is lengthened by Retry-After: %s', (retryAfter, expected) => {
    expect(waitMs(1, retryAfter)).toBe(expected)
    expect(waitMs(1, retryAfter, DOCUMENTED, 1)).toBeCloseTo(expected * 1.2)
  })

  it.each([
    '0',
    '4',
    '5',
    'Wed, 21 Oct 2026 07:28:00 GMT',
    'Wed, 21 Oct 2015 07:28:00 GMT',
    'soon',
    '',
    '-60',
    '1e9',
  ])('is never shortened by Retry-After: %j', (retryAfter) => {
    expect(waitMs(1, retryAfter)).toBe(5_000)
  })

  it.each(['86400', '86401', '99999999999', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'is at most a day for any Retry-After: %s',
    (retryAfter) => {
      expect(waitMs(1, retryAfter)).toBe(24 * HOUR_MS)
      expect(waitMs(1, retryAfter, DOCUMENTED, 1)).toBe(24 * HOUR_MS)
    },
  )

  it('is longer than a day when the schedule says so', () => {
    expect(waitMs(1, '10', [200_000])).toBe(200_000_000)
  })

  it('does not exist once the schedule is used up, even with a Retry-After', () => {
    expect(waitMs(6, '60')).toBeNull()
  })

  it('is never shorter than the schedule and never longer than the limit, for every header', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (retryAfter, tries, random) => {
          const wait = waitMs(tries, retryAfter, DOCUMENTED, random)
          const scheduled = waitMs(tries) ?? 0
          expect(wait).toBeGreaterThanOrEqual(scheduled)
          expect(wait).toBeLessThanOrEqual(Math.max(scheduled * 1.2, RETRY_AFTER_MAX_MS))
        },
      ),
    )
  })
})

describe('a Retry-After header', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['007', 7_000],
  ])('with seconds is read: %j', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected)
  })

  it.each([
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['asctime', 'Sun Nov  6 08:49:37 1994'],
  ])('with a date is read in the form of %s', (_, value) => {
    const before = new Date('1994-11-06T08:48:37Z')
    expect(parseRetryAfter(value, before)).toBe(60_000)
  })

  it('with a date in the past means no wait', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', NOW)).toBe(0)
  })

  it.each([
    ['is near', 'Wednesday, 21-Oct-26 07:29:00 GMT', 59_750],
    ['would be more than 50 years ahead', 'Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['is ahead, but by less', 'Thursday, 06-Nov-70 08:49:37 GMT', RETRY_AFTER_MAX_MS],
  ])('with a year of two digits that %s is read', (_, value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected)
  })

  it('with a leap second is read', () => {
    expect(parseRetryAfter('Wed, 21 Oct 2026 07:59:60 GMT', NOW)).toBe(32 * 60_000 - 250)
  })

  it.each([
    '',
    ' ',
    'soon',
    '-1',
    '+1',
    '1.5',
    '0x10',
    '1e3',
    '120 seconds',
    '2026-10-21T07:28:00Z',
    'Wed, 21 Oct 2026 07:28:00',
    'Wed, 21 Oct 2026 07:28:00 CET',
    'Wed, 31 Feb 2026 07:28:00 GMT',
    'Wed, 21 Oct 2026 24:00:00 GMT',
    'Wed, 21 Oct 2026 07:60:00 GMT',
    'Wed, 21 Okt 2026 07:28:00 GMT',
    'wed, 21 oct 2026 07:28:00 gmt',
  ])('of another form is ignored: %j', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeNull()
  })

  it('is read for every date that JavaScript writes', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    fc.assert(
      fc.property(date, fc.integer({ min: 0, max: RETRY_AFTER_MAX_MS }), (at, before) => {
        const seconds = Math.floor(at.getTime() / 1_000) * 1_000
        expect(parseRetryAfter(at.toUTCString(), new Date(seconds - before))).toBe(before)
      }),
    )
  })
})
