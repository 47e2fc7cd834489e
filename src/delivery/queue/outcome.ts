import { isGone } from '../sending/answers/response-status'
import type { SendResult } from '../sending/send-result'
import type { FinishedAttempt } from './recording/record-attempts'
import { parseRetryAfter, RETRY_AFTER_MAX_MS, retryWaitMs, stretched } from './retry-schedule'

/** How long a delivery that the receiver is too busy for uses up no try: 24 hours, from its first such answer. */
export const BUSY_FREE_MS = 24 * 60 * 60 * 1_000
/** How long an endpoint is left alone that is busy, does not say for how long, and has no pace: a second. */
const REST_MS = 1_000

export type Outcome = Pick<FinishedAttempt, 'outcome' | 'retryInMs' | 'restMs' | 'isGone'>

/** What a delivery has been through before a send. */
export interface Before {
  /** tries that were used up */
  tries: number
  /** milliseconds since the receiver first answered that it is busy; null = it has not */
  busyForMs: number | null
}

export interface OutcomeParts {
  /** seconds to wait after the first, the second, ... failed try */
  schedule: number[]
  now: () => Date
  /** returns a number from 0 to 1 */
  random: () => number
  /**
   * Says for how many milliseconds the endpoint must be left alone after an answer that it is busy; null = it has another target by
   * now, or is sent to only once.
   *
   * @param retryAfterMs the wait that the answer names; null = nothing
   */
  restMs: (retryAfterMs: number | null) => number | null
}

/**
 * Decides what follows from a send:
 *
 * - 2xx: delivered.
 * - The gateway stopped it: no try is used up, and it is due again at once.
 * - 429, or 503 with Retry-After: the receiver is busy, which is no failure. The endpoint is left alone for a while, and the
 *   delivery is due again after that. It uses up no try within 24 hours of the delivery's first such answer, and one each later.
 * - Everything else is a failed try: the delivery is due again by the retry schedule, or has failed when that is used up.
 *
 * After 410 Gone the caller switches the endpoint off (disableGoneEndpoint), but the delivery follows its retry schedule like any
 * failed one: while tries are left it stays pending, and is sent again if the endpoint has another target by then or is switched
 * on again.
 */
export function outcomeOf(result: SendResult, before: Before, parts: OutcomeParts): Outcome {
  const outcome = { isGone: isGone(result.status), restMs: null, retryInMs: null }
  if (result.error === null) return { ...outcome, outcome: 'delivered' }
  if (result.error === 'ABORTED') return { ...outcome, outcome: 'aborted', retryInMs: 0 }
  const retryAfterMs = result.retryAfter === null ? null : parseRetryAfter(result.retryAfter, parts.now())
  return isBusy(result.status, retryAfterMs)
    ? { ...outcome, ...afterBusy(retryAfterMs, before, parts) }
    : { ...outcome, ...afterFailure(retryAfterMs, before, parts) }
}

const isBusy = (status: number | null, retryAfterMs: number | null) =>
  status === 429 || (status === 503 && retryAfterMs !== null)

function afterBusy(retryAfterMs: number | null, before: Before, parts: OutcomeParts) {
  const asked = parts.restMs(retryAfterMs)
  const restMs = asked === null ? null : Math.min(asked, RETRY_AFTER_MAX_MS)
  const waitMs = Math.min(stretched(restMs ?? retryAfterMs ?? REST_MS, parts.random), RETRY_AFTER_MAX_MS)
  if (before.busyForMs === null || before.busyForMs < BUSY_FREE_MS)
    return { outcome: 'busy', retryInMs: waitMs, restMs } as const
  const failed = afterFailure(retryAfterMs, before, parts)
  return failed.retryInMs === null
    ? { ...failed, restMs }
    : { ...failed, retryInMs: Math.max(failed.retryInMs, waitMs), restMs }
}

function afterFailure(retryAfterMs: number | null, { tries }: Before, { schedule, random }: OutcomeParts) {
  const retryInMs = retryWaitMs({ schedule, tries: tries + 1, retryAfterMs, random })
  return retryInMs === null
    ? ({ outcome: 'failed', retryInMs } as const)
    : ({ outcome: 'retry', retryInMs } as const)
}
