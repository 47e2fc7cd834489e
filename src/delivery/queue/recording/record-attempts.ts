import { type Query, statement } from '../../../database/query'
import { Prisma } from '../../../generated/prisma/client'
import type { AttemptError } from '../../../generated/prisma/enums'
import type { LeaseHolder } from '../claims/leases'

/** An attempt that has ended and is ready to be recorded. Instants are ISO texts, because attempts are sent as JSON. */
export interface FinishedAttempt {
  /** UUID of this send: however often the attempt is sent to the database, it is recorded once */
  sendId: string
  deliveryId: string
  eventId: string
  endpointId: number
  /** 1 for the first attempt of the delivery */
  number: number
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
   * no try is used up, and the delivery is due again at once.
   */
  outcome: 'delivered' | 'retry' | 'failed' | 'aborted'
  /** until the delivery is due again; null when it has ended */
  retryInMs: number | null
  /**
   * The receiver answered 410 Gone. The attempt is recorded without the time of a retry (attempts.next_retry_at), because the
   * gateway switches the endpoint off. Its delivery changes as `outcome` and `retryInMs` say: see outcomeOf in attempt-delivery.ts.
   */
  isGone: boolean
}

/**
 * Records attempts in one statement, so in one transaction: the attempts, their number per endpoint, and the state of their
 * deliveries. A recorded attempt stays unchanged, so a batch may be sent again when the first answer was lost or is late.
 *
 * Invariants:
 * - An attempt is recorded even if its lease was lost meanwhile, unless its delivery was removed.
 * - Only the holder of its lease changes a delivery, and only the holder's attempts use up tries. Exception: a success ends the
 *   delivery, no matter who holds the lease.
 * - A delivery that was resent while it was being sent starts its retry schedule again, for any outcome of that send.
 * - Waits are counted from the database's clock at this moment, in milliseconds.
 * - Rows are locked in the order of their keys, deliveries before counts. So two batches, or a batch and a resend, never
 *   deadlock.
 *
 * @returns the ids of the attempts that were not on record before
 */
export async function recordAttempts(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  attempts: FinishedAttempt[],
): Promise<{ id: string }[]> {
  const sql = Prisma.sql`
    WITH clock AS MATERIALIZED (
      SELECT (clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000))::timestamptz(3) AS now
    ),
    finished AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(attempts)}::jsonb) AS finished(
        "sendId" uuid, "deliveryId" bigint, "eventId" bigint, "endpointId" integer, "number" integer,
        "resendCount" integer, "sentAt" timestamptz,
        "signatureHeader" text, "responseStatus" integer, "responseBody" text, "responseTruncated" boolean,
        "durationMs" integer, "error" attempt_error, "errorDetail" text, "outcome" text, "retryInMs" float8, "isGone" boolean)
    ),
    locked AS MATERIALIZED (
      SELECT id FROM deliveries WHERE id = ANY (ARRAY(SELECT "deliveryId" FROM finished)) ORDER BY id FOR NO KEY UPDATE
    ),
    recorded AS (
      INSERT INTO attempts (send_id, delivery_id, event_id, endpoint_id, number, created_at, sent_at, signature_header,
        response_status, response_body, response_truncated, duration_ms, error, error_detail, next_retry_at)
      SELECT "sendId", "deliveryId", "eventId", "endpointId", "number", now, "sentAt", "signatureHeader",
        "responseStatus", "responseBody", "responseTruncated", "durationMs", "error", "errorDetail",
        CASE WHEN "isGone" THEN NULL ELSE now + make_interval(secs => "retryInMs" / 1000) END
      FROM finished CROSS JOIN clock
      WHERE "deliveryId" IN (SELECT id FROM locked)
      ON CONFLICT (delivery_id, send_id) DO NOTHING
      RETURNING id, delivery_id, endpoint_id, send_id
    ),
    counted AS (
      INSERT INTO attempt_counts (endpoint_id, count)
      SELECT endpoint_id, count(*) FROM recorded GROUP BY endpoint_id ORDER BY endpoint_id
      ON CONFLICT (endpoint_id) DO UPDATE SET count = attempt_counts.count + excluded.count
    ),
    updated AS (
      UPDATE deliveries delivery
      SET status = CASE
          WHEN resend_count > finished."resendCount" THEN 'PENDING'
          WHEN finished."outcome" = 'delivered' THEN 'DELIVERED'
          WHEN finished."outcome" = 'failed' THEN 'FAILED'
          ELSE 'PENDING'
        END::delivery_status,
        attempt_count = greatest(delivery.attempt_count, finished."number"),
        tries = CASE
          WHEN resend_count > finished."resendCount" THEN 0
          WHEN finished."outcome" = 'aborted' OR delivery.lease_owner IS DISTINCT FROM ${owner}::uuid
            THEN delivery.tries
          ELSE delivery.tries + 1
        END,
        next_attempt_at = CASE
          WHEN resend_count > finished."resendCount" THEN now
          ELSE now + make_interval(secs => coalesce(finished."retryInMs", 0) / 1000)
        END,
        lease_owner = NULL, lease_expires_at = NULL
      FROM recorded JOIN finished ON finished."sendId" = recorded.send_id CROSS JOIN clock
      WHERE delivery.id = recorded.delivery_id AND delivery.status = 'PENDING'
        AND (delivery.lease_owner = ${owner}::uuid OR finished."outcome" = 'delivered')
    )
    SELECT id::text FROM recorded`
  return query(statement('record_attempts', sql))
}
