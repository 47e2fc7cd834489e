import { type Query, statement } from '../../../database/query'
import { Prisma } from '../../../generated/prisma/client'
import type { AttemptError, AttemptTrigger } from '../../../generated/prisma/enums'
import type { LeaseHolder } from '../claims/leases'

/** An attempt that has ended and is ready to be recorded. Instants are ISO texts, because attempts are sent as JSON. */
export interface FinishedAttempt {
  /** UUID of this send: however often the attempt is sent to the database, it is recorded once */
  sendId: string
  eventId: string
  endpointId: number
  /** 1 for the first attempt of the delivery */
  number: number
  trigger: AttemptTrigger
  /** the delivery's resend count when it was claimed */
  resendCount: number
  /** null when not one byte was sent */
  sentAt: string | null
  signatureHeader: string
  responseStatus: number | null
  responseBody: string | null
  responseTruncated: boolean
  durationMs: number
  /** null = delivered */
  error: AttemptError | null
  /** one sentence for a person; null = delivered */
  errorDetail: string | null
  /**
   * `delivered` and `failed` end the delivery; `retry` makes it due again later. `aborted`: the gateway itself stopped the send, so
   * no try is used up, and the delivery is due again at once. `busy`: the receiver asked to be left alone, which uses up no try
   * either.
   */
  outcome: 'delivered' | 'retry' | 'failed' | 'aborted' | 'busy'
  /** until the delivery is due again; null when it has ended */
  retryInMs: number | null
  /** how long the receiver wants no request to this endpoint; null = it has not asked */
  restMs: number | null
  /**
   * The receiver answered 410 Gone. The attempt is recorded without the time of a retry (attempts.next_retry_at), because the
   * gateway switches the endpoint off. Its delivery changes as `outcome` and `retryInMs` say: see outcomeOf in attempt-delivery.ts.
   */
  isGone: boolean
}

/**
 * Records attempts in one call, so in one transaction: the attempts, their number per endpoint, and the state of their
 * deliveries: see record-attempts.sql. A recorded attempt stays unchanged, so a batch may be sent again when the first answer was
 * lost or is late.
 *
 * Invariants:
 * - An attempt is recorded even if its lease was lost meanwhile, unless its event was removed.
 * - Only the holder of its lease changes a delivery, and only the holder's attempts use up tries. Exception: a success ends the
 *   delivery, no matter who holds the lease.
 * - A delivery that was resent while it was being sent starts its retry schedule again, for any outcome of that send.
 * - Waits are counted from the database's clock at this moment, in milliseconds.
 * - Rows are locked in the order of their keys, deliveries before counts before lanes. So two batches, or a batch and a resend,
 *   never deadlock.
 *
 * @returns the ids of the attempts that were not on record before
 */
export async function recordAttempts(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  attempts: FinishedAttempt[],
): Promise<{ id: string }[]> {
  const sorted = [...attempts].sort(byKey)
  const sql = Prisma.sql`
    SELECT id FROM record_attempts(${owner}::uuid, ${clockOffsetMs}, ${shardOf(owner)}, ${JSON.stringify(sorted)}::json)`
  return query(statement('record_attempts', sql))
}

/** The order of the index queue_pkey. */
const byKey = (a: FinishedAttempt, b: FinishedAttempt) =>
  Number(BigInt(a.eventId) - BigInt(b.eventId)) || a.endpointId - b.endpointId

/** Processes with different shards do not wait for each other's counters. Two processes of one shard only wait a moment. */
const SHARDS = 16

const shardOf = (owner: string) => Number.parseInt(owner.slice(0, 8), 16) % SHARDS
