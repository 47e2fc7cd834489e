import { type Before, BUSY_FREE_MS, outcomeOf } from '../../../src/delivery/queue/outcome'
import { notSent, type SendResult } from '../../../src/delivery/sending/send-result'

const FRESH: Before = { tries: 0, busyForMs: null }

const answered = (status: number, retryAfter: string | null = null): SendResult => ({
  ...notSent('HTTP_STATUS', 'The receiver answered.'),
  status,
  retryAfter,
})

/** Waits are not stretched unless `random` says so. A busy endpoint rests as long as it asks, else for a second. */
const outcome = (result: SendResult, before = FRESH, random = 0, schedule = [5, 25]) =>
  outcomeOf(result, before, {
    schedule,
    now: () => new Date('2026-10-21T07:28:00Z'),
    random: () => random,
    restMs: (retryAfterMs) => retryAfterMs ?? 1_000,
  })

it('of a 2xx is that the delivery has ended', () => {
  expect(outcome({ ...answered(200), error: null })).toEqual({
    outcome: 'delivered',
    retryInMs: null,
    restMs: null,
    isGone: false,
  })
})

it('of a send that the gateway stopped is that it is due at once, and no try is used up', () => {
  expect(outcome(notSent('ABORTED', 'stopped'))).toMatchObject({
    outcome: 'aborted',
    retryInMs: 0,
    restMs: null,
  })
})

it.each([
  ['500', answered(500)],
  ['503 without Retry-After', answered(503)],
  ['503 with a Retry-After that means nothing', answered(503, 'soon')],
  ['408', answered(408)],
  ['no connection', notSent('CONNECTION', 'refused')],
])('of %s is a failed try', (_, result) => {
  expect(outcome(result)).toMatchObject({ outcome: 'retry', retryInMs: 5_000, restMs: null })
  expect(outcome(result, { ...FRESH, tries: 1 })).toMatchObject({ outcome: 'retry', retryInMs: 25_000 })
  expect(outcome(result, { ...FRESH, tries: 2 })).toMatchObject({ outcome: 'failed', retryInMs: null })
})

it('of a 500 with Retry-After is a failed try, and a longer wait', () => {
  expect(outcome(answered(500, '60'))).toMatchObject({ outcome: 'retry', retryInMs: 60_000, restMs: null })
})

it('of a 410 is a failed try, and that the receiver is gone', () => {
  expect(outcome(answered(410))).toMatchObject({ outcome: 'retry', retryInMs: 5_000, isGone: true })
})

describe('of a busy receiver', () => {
  it.each([
    ['429', answered(429), 1_000],
    ['429 with Retry-After', answered(429, '7'), 7_000],
    ['429 with Retry-After: 0', answered(429, '0'), 0],
    ['503 with Retry-After', answered(503, '7'), 7_000],
    ['503 with a Retry-After date', answered(503, 'Wed, 21 Oct 2026 07:29:00 GMT'), 60_000],
  ])('is no try: %s', (_, result, waitMs) => {
    expect(outcome(result, { tries: 2, busyForMs: null })).toEqual({
      outcome: 'busy',
      retryInMs: waitMs,
      restMs: waitMs,
      isGone: false,
    })
  })

  it('is a wait that is stretched, never shorter than Retry-After, and a day at most', () => {
    expect(outcome(answered(429, '10'), FRESH, 1)).toMatchObject({ retryInMs: 12_000, restMs: 10_000 })
    const aDay = { outcome: 'busy', retryInMs: BUSY_FREE_MS, restMs: BUSY_FREE_MS }
    expect(outcome(answered(429, '999999999'), FRESH, 1)).toMatchObject(aDay)
  })

  it('is no try for 24 hours from the first such answer, and a try afterwards', () => {
    const busyFor = (busyForMs: number) => outcome(answered(429, '7'), { tries: 0, busyForMs })
    expect(busyFor(BUSY_FREE_MS - 1)).toMatchObject({ outcome: 'busy', retryInMs: 7_000 })
    expect(busyFor(BUSY_FREE_MS)).toMatchObject({ outcome: 'retry', retryInMs: 7_000, restMs: 7_000 })
    expect(outcome(answered(429, '2'), { tries: 1, busyForMs: BUSY_FREE_MS })).toMatchObject({
      outcome: 'retry',
      retryInMs: 25_000,
    })
    expect(outcome(answered(429, '2'), { tries: 2, busyForMs: BUSY_FREE_MS })).toMatchObject({
      outcome: 'failed',
      retryInMs: null,
      restMs: 2_000,
    })
  })
})
