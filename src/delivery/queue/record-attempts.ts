import { type Query, statement } from '../../database/query'
import { Prisma } from '../../generated/prisma/client'
import type { LeaseHolder } from './leases'

/**
 * What becomes of a delivery after an attempt. `released`: the attempt does not count (the gateway itself broke it
 * off), and the delivery is due again at once.
 */
export type Verdict = 'delivered' | 'retry' | 'failed' | 'released'

/** One attempt, ready to be recorded. Instants are ISO texts, as JSON wants them. */
export interface Outcome {
  /** UUID of this one send: however often it is handed in, it is recorded once */
  sendId: string
  deliveryId: string
  eventId: string
  endpointId: number
  number: number
  /** as it was when the delivery was claimed */
  resendCount: number
  sentAt: string | null
  signatureHeader: string
  responseStatus: number | null
  responseBody: string | null
  responseTruncated: boolean
  durationMs: number
  error: string | null
  verdict: Verdict
  /** until the next attempt; null when there will be none */
  retryInMs: number | null
  /** the receiver says that it is gone for good (410): its endpoint is switched off, and no attempt is in sight */
  isGone: boolean
}

/** Identifies a recorded attempt. */
export interface RecordedAttempt {
  id: string
  deliveryId: string
}

/**
 * Records a batch of outcomes in one statement, hence one transaction: the attempts, their count, and the state of
 * their deliveries, or nothing of it. An outcome that is on record already changes nothing: a batch may be handed in
 * again whose first copy got lost, or was only late.
 *
 * Invariants: an attempt that happened is on record even when its lease was lost meanwhile. A delivery is moved only
 * by who holds its lease, except that a success of anybody ends it; only the holder's sends use up tries. One that was
 * asked for once more while it was being sent starts anew, whatever came of that send. Waits are counted from the
 * database's clock at this moment, to the millisecond. Deliveries, then counts, are touched in the order of their keys,
 * so that two batches, or a batch and a resend, never wait for each other crosswise. An attempt whose delivery was
 * removed meanwhile has nothing to be on record with, and is passed over.
 */
export async function recordAttempts(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  outcomes: Outcome[],
): Promise<RecordedAttempt[]> {
  const sql = Prisma.sql`
    WITH clock AS MATERIALIZED (
      SELECT (clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000))::timestamptz(3) AS now
    ),
    outcome AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) AS outcome(
        "sendId" uuid, "deliveryId" bigint, "eventId" bigint, "endpointId" integer, "number" integer,
        "resendCount" integer, "sentAt" timestamptz,
        "signatureHeader" text, "responseStatus" integer, "responseBody" text, "responseTruncated" boolean,
        "durationMs" integer, "error" attempt_error, "verdict" text, "retryInMs" float8, "isGone" boolean)
    ),
    held AS MATERIALIZED (
      SELECT id FROM deliveries WHERE id = ANY (ARRAY(SELECT "deliveryId" FROM outcome)) ORDER BY id FOR NO KEY UPDATE
    ),
    recorded AS (
      INSERT INTO attempts (send_id, delivery_id, event_id, endpoint_id, number, created_at, sent_at, signature_header,
        response_status, response_body, response_truncated, duration_ms, error, next_retry_at)
      SELECT "sendId", "deliveryId", "eventId", "endpointId", "number", now, "sentAt", "signatureHeader",
        "responseStatus", "responseBody", "responseTruncated", "durationMs", "error",
        CASE WHEN "isGone" THEN NULL ELSE now + make_interval(secs => "retryInMs" / 1000) END
      FROM outcome CROSS JOIN clock
      WHERE "deliveryId" IN (SELECT id FROM held)
      ON CONFLICT (delivery_id, send_id) DO NOTHING
      RETURNING id, delivery_id, endpoint_id, send_id
    ),
    counted AS (
      INSERT INTO attempt_counts (endpoint_id, count)
      SELECT endpoint_id, count(*) FROM recorded GROUP BY endpoint_id ORDER BY endpoint_id
      ON CONFLICT (endpoint_id) DO UPDATE SET count = attempt_counts.count + excluded.count
    ),
    moved AS (
      UPDATE deliveries delivery
      SET status = CASE
          WHEN resend_count > outcome."resendCount" THEN 'PENDING'
          WHEN outcome."verdict" = 'delivered' THEN 'DELIVERED'
          WHEN outcome."verdict" = 'failed' THEN 'FAILED'
          ELSE 'PENDING'
        END::delivery_status,
        attempt_count = greatest(delivery.attempt_count, outcome."number"),
        tries = CASE
          WHEN resend_count > outcome."resendCount" THEN 0
          WHEN outcome."verdict" = 'released' OR delivery.lease_owner IS DISTINCT FROM ${owner}::uuid
            THEN delivery.tries
          ELSE delivery.tries + 1
        END,
        next_attempt_at = CASE
          WHEN resend_count > outcome."resendCount" THEN now
          ELSE now + make_interval(secs => coalesce(outcome."retryInMs", 0) / 1000)
        END,
        lease_owner = NULL, lease_expires_at = NULL
      FROM recorded JOIN outcome ON outcome."sendId" = recorded.send_id CROSS JOIN clock
      WHERE delivery.id = recorded.delivery_id AND delivery.status = 'PENDING'
        AND (delivery.lease_owner = ${owner}::uuid OR outcome."verdict" = 'delivered')
    )
    SELECT id::text, delivery_id::text AS "deliveryId" FROM recorded`
  return query(statement('record_outcomes', sql))
}
