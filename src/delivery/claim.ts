import type { Query } from '../database/query'
import { Prisma } from '../generated/prisma/client'
import { LANES } from './leases'
import { statement } from './statement'

/** A delivery that this process has leased, with all that its send needs as it stands right now. */
export interface ClaimedDelivery {
  id: bigint
  eventId: bigint
  endpointId: number
  /** the number that the attempt will have */
  number: number
  /** tries of the schedule that are used up */
  tries: number
  /** how often somebody had asked for it by then */
  resendCount: number
  target: string
  sslCertVerification: boolean
  body: string
  /** the endpoint's live secrets, newest first */
  secrets: { id: string; sealed: string }[]
}

export interface Claim {
  claimed: ClaimedDelivery[]
  /** where the next claim goes on; 0 = at the first */
  lastEndpoint: number
}

/** What a claim may take. */
export interface ClaimRequest {
  owner: string
  /** how many in all */
  capacity: number
  /** how many of one endpoint, unless `busy` says less */
  laneCapacity: number
  /** endpoints that have sends in flight here, with the room that is left */
  busy: { endpointId: number; free: number }[]
  /** where the last claim ended: endpoints after it come first */
  afterEndpoint: number
  leaseMs: number
  /** added to the database's clock; 0 but in tests */
  clockOffsetMs: number
}

/**
 * Leases due deliveries: first attempts before retries, one of each endpoint before a second of any, earliest first
 * within an endpoint.
 *
 * What an endpoint does not listen to any more is cancelled instead, unless somebody asked for it to be resent.
 *
 * Invariants:
 * - What it reads depends on how many endpoints have something pending, never on how much is pending: lanes are
 *   found by skipping through the index deliveries_lane. What it locks depends on its capacity alone.
 * - No delivery is claimed twice while its lease lasts: rows are locked (SKIP LOCKED) and leave the due part of the
 *   index with the lease's end as their new due time. After a crash they are due again by themselves.
 * - It holds each endpoint FOR SHARE until its transaction ends. Requests leave before that, so a change of an
 *   endpoint is answered only when none by its old state can leave any more. An endpoint that is being changed is
 *   passed over this time.
 * - What is sent is read in a statement of its own, after the endpoints are locked: it sees every change that was
 *   answered before (READ COMMITTED).
 * - A claim may be forgotten by a server that crashes within a moment of it (its transaction is volatile): what it took
 *   is due again, and may arrive a second time.
 */
export async function claimDeliveries(query: Query, request: ClaimRequest): Promise<Claim> {
  const chosen = await chooseDeliveries(query, request)
  const last = chosen.at(-1)
  if (last === undefined) return { claimed: [], lastEndpoint: 0 }
  const ids = chosen.map(({ id }) => id)
  const rows = await leaseDeliveries(query, request, ids)
  const claimed = rows.map((row) => ({ ...row, id: BigInt(row.id), eventId: BigInt(row.eventId) }))
  return { claimed, lastEndpoint: last.endpointId }
}

/**
 * Whether `delivery`, of `event`, is still to be sent as far as its type goes: its endpoint listens to it, or somebody
 * asked for it. Not an SQL function, which PostgreSQL would call for each row: a tenth of a millisecond each.
 */
export const IS_WANTED = Prisma.sql`(delivery.resend_count > 0 OR EXISTS (
        SELECT FROM endpoint_events listening
        WHERE listening.endpoint_id = delivery.endpoint_id AND listening.type = event.type
      ))`

/** Locks what is to be sent next, and its endpoints. */
async function chooseDeliveries(
  query: Query,
  request: ClaimRequest,
): Promise<{ id: string; endpointId: number }[]> {
  const { capacity, laneCapacity, busy, afterEndpoint, clockOffsetMs } = request
  const busyIds = busy.map(({ endpointId }) => endpointId)
  const busyFree = busy.map(({ free }) => free)
  const sql = Prisma.sql`
    WITH RECURSIVE clock AS MATERIALIZED (
      SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now
    ),
    ${LANES},
    open AS MATERIALIZED (
      SELECT endpoint.id, coalesce(busy.free, ${laneCapacity}::integer) AS free
      FROM lane
      JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id
      LEFT JOIN unnest(${busyIds}::integer[], ${busyFree}::integer[]) AS busy(endpoint_id, free)
        ON busy.endpoint_id = endpoint.id
      CROSS JOIN LATERAL (
        SELECT min(kind.is_retry) AS is_retry FROM (VALUES (0), (1)) AS kind(is_retry) CROSS JOIN LATERAL (
          SELECT delivery.next_attempt_at AS at FROM deliveries delivery
          WHERE delivery.endpoint_id = endpoint.id AND delivery.status = 'PENDING'
            AND least(delivery.tries, 1) = kind.is_retry
          ORDER BY delivery.next_attempt_at LIMIT 1
        ) earliest
        WHERE earliest.at <= (SELECT now FROM clock)
      ) due
      WHERE endpoint.is_active AND endpoint.deleted_at IS NULL AND coalesce(busy.free, 1) > 0
        AND due.is_retry IS NOT NULL
      ORDER BY due.is_retry, endpoint.id <= ${afterEndpoint}::integer, endpoint.id
      LIMIT ${capacity}::integer
      FOR SHARE OF endpoint SKIP LOCKED
    ),
    -- What a lane may get when all are full: more than is wanted in all need not be looked at, nor locked.
    share AS MATERIALIZED (
      SELECT ceil(${capacity}::float8 / greatest(count(*), 1))::integer AS most FROM open
    ),
    first_attempt AS MATERIALIZED (
      SELECT open.id AS endpoint_id, due.id, due.next_attempt_at
      FROM open CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.next_attempt_at FROM deliveries delivery
        WHERE delivery.endpoint_id = open.id AND delivery.status = 'PENDING' AND least(delivery.tries, 1) = 0
          AND delivery.next_attempt_at <= (SELECT now FROM clock)
        ORDER BY delivery.next_attempt_at, delivery.id
        LIMIT least(open.free, (SELECT most FROM share)) FOR NO KEY UPDATE SKIP LOCKED
      ) due
    ),
    retry AS MATERIALIZED (
      SELECT open.id AS endpoint_id, due.id, due.next_attempt_at
      FROM open
      LEFT JOIN (SELECT endpoint_id, count(*) AS taken FROM first_attempt GROUP BY endpoint_id) first
        ON first.endpoint_id = open.id
      CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.next_attempt_at FROM deliveries delivery
        WHERE delivery.endpoint_id = open.id AND delivery.status = 'PENDING' AND least(delivery.tries, 1) = 1
          AND delivery.next_attempt_at <= (SELECT now FROM clock)
        ORDER BY delivery.next_attempt_at, delivery.id
        LIMIT greatest(least(open.free, (SELECT most FROM share)) - coalesce(first.taken, 0), 0)
        FOR NO KEY UPDATE SKIP LOCKED
      ) due
    )
    SELECT id::text, endpoint_id AS "endpointId" FROM (
      SELECT *, row_number() OVER (PARTITION BY is_retry, endpoint_id ORDER BY next_attempt_at, id) AS place
      FROM (SELECT *, false AS is_retry FROM first_attempt UNION ALL SELECT *, true FROM retry) due
    ) ranked
    ORDER BY is_retry, place, endpoint_id <= ${afterEndpoint}::integer, endpoint_id
    LIMIT ${capacity}::integer`
  return query(...statement('choose_deliveries', sql))
}

/** A claimed delivery whose identifiers are texts: drivers read PostgreSQL's bigint in ways of their own. */
type ClaimedRow = Omit<ClaimedDelivery, 'id' | 'eventId'> & { id: string; eventId: string }

async function leaseDeliveries(
  query: Query,
  { owner, leaseMs, clockOffsetMs }: ClaimRequest,
  ids: string[],
): Promise<ClaimedRow[]> {
  const sql = Prisma.sql`
    WITH clock AS MATERIALIZED (
      SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now
    ),
    chosen AS MATERIALIZED (
      SELECT delivery.id, ${IS_WANTED} AS is_wanted
      FROM deliveries delivery JOIN events event ON event.id = delivery.event_id
      WHERE delivery.id = ANY (${ids}::bigint[])
    ),
    claimed AS (
      UPDATE deliveries delivery
      SET status = CASE WHEN is_wanted THEN 'PENDING' ELSE 'CANCELLED' END::delivery_status,
        lease_owner = CASE WHEN is_wanted THEN ${owner}::uuid END,
        next_attempt_at = (SELECT now FROM clock) + make_interval(secs => ${leaseMs}::float8 / 1000)
      FROM chosen WHERE delivery.id = chosen.id
      RETURNING delivery.id, delivery.event_id, delivery.endpoint_id, delivery.attempt_count, delivery.tries,
        delivery.resend_count, is_wanted
    )
    SELECT claimed.id::text, claimed.event_id::text AS "eventId", claimed.endpoint_id AS "endpointId",
      claimed.attempt_count + 1 AS number, claimed.tries, claimed.resend_count AS "resendCount",
      endpoint.target, endpoint.ssl_cert_verification AS "sslCertVerification", event.body,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))
          ORDER BY secret.created_at DESC, secret.id), '[]')
        FROM signing_secrets secret
        WHERE secret.endpoint_id = claimed.endpoint_id
          AND (secret.expires_at IS NULL OR secret.expires_at > (SELECT now FROM clock))) AS secrets
    FROM claimed
    JOIN endpoints endpoint ON endpoint.id = claimed.endpoint_id
    JOIN events event ON event.id = claimed.event_id
    WHERE claimed.is_wanted`
  return query(...statement('lease_deliveries', sql))
}
