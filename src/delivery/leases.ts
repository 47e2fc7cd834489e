import { Prisma, type PrismaClient } from '../generated/prisma/client'

/** Who holds which leases, and the clock they run by. */
export interface LeaseHolder {
  owner: string
  clockOffsetMs: number
}

/**
 * The endpoints that have something pending, for a WITH RECURSIVE: it skips through the index deliveries_lane from one
 * endpoint to the next, whatever is pending for each.
 */
export const LANES = Prisma.sql`lane AS (
      (SELECT endpoint_id FROM deliveries WHERE status = 'PENDING' ORDER BY endpoint_id LIMIT 1)
      UNION ALL
      SELECT (
        SELECT next.endpoint_id FROM deliveries next
        WHERE next.status = 'PENDING' AND next.endpoint_id > lane.endpoint_id
        ORDER BY next.endpoint_id LIMIT 1
      )
      FROM lane WHERE lane.endpoint_id IS NOT NULL
    )`

/** Keeps the deliveries that are being sent for as long again. Locks in the order of ids, as recordOutcomes does. */
export async function renewLeases(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveryIds: bigint[],
  leaseMs: number,
): Promise<void> {
  await prisma.$executeRaw`
    WITH held AS MATERIALIZED (
      SELECT id FROM deliveries
      WHERE id = ANY (${deliveryIds}::bigint[]) AND lease_owner = ${owner}::uuid
      ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE deliveries delivery
    SET next_attempt_at = clock_timestamp() + make_interval(secs => (${leaseMs}::float8 + ${clockOffsetMs}::float8) / 1000)
    FROM held WHERE delivery.id = held.id`
}

/** Gives one delivery back that was not sent after all: it is due again, at once or later. */
export async function giveBackLease(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveryId: bigint,
  afterMs = 0,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE deliveries
    SET lease_owner = NULL,
      next_attempt_at = clock_timestamp() + make_interval(secs => (${clockOffsetMs}::float8 + ${afterMs}::float8) / 1000)
    WHERE id = ${deliveryId} AND lease_owner = ${owner}::uuid AND status = 'PENDING'`
}

/** A lease ends sooner than this from now, unless the clock was set back; then it is left to end by itself. */
const LEASE_MAX_SECONDS = 60

/**
 * Gives leases back: due again at once, for whoever is there. Those of one owner when it stops; those of all owners
 * where no other process can be at work (embedded) and the ones before must have died. Locks in the order of ids.
 *
 * In its lane a lease stands behind what is due, and before the retries that wait longer than it lasts.
 */
export async function releaseLeases(prisma: PrismaClient, owner?: string): Promise<void> {
  await prisma.$executeRaw`
    WITH RECURSIVE clock AS MATERIALIZED (
      SELECT clock_timestamp() AS now
    ),
    ${LANES},
    leased AS MATERIALIZED (
      SELECT leased.id FROM lane CROSS JOIN (VALUES (0), (1)) AS kind(is_retry)
      -- OFFSET keeps the planner from reading all that is pending instead.
      CROSS JOIN LATERAL (
        SELECT delivery.id FROM deliveries delivery
        WHERE delivery.endpoint_id = lane.endpoint_id AND delivery.status = 'PENDING'
          AND least(delivery.tries, 1) = kind.is_retry
          AND delivery.next_attempt_at > (SELECT now FROM clock)
          AND delivery.next_attempt_at < (SELECT now + make_interval(secs => ${LEASE_MAX_SECONDS}) FROM clock)
          AND delivery.lease_owner = coalesce(${owner ?? null}::uuid, delivery.lease_owner)
        OFFSET 0
      ) leased
    ),
    held AS MATERIALIZED (
      SELECT id FROM deliveries WHERE id = ANY (ARRAY(SELECT id FROM leased)) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE deliveries delivery SET lease_owner = NULL, next_attempt_at = clock_timestamp()
    FROM held WHERE delivery.id = held.id AND delivery.status = 'PENDING'
      AND delivery.lease_owner = coalesce(${owner ?? null}::uuid, delivery.lease_owner)`
}

/**
 * When the next delivery falls due, in milliseconds from now; undefined = nothing is pending but in lanes that are
 * full, switched off or being sent.
 *
 * @param fullLanes endpoints that have no room in this process
 */
export async function nextDueIn(
  prisma: PrismaClient,
  clockOffsetMs: number,
  fullLanes: number[],
): Promise<number | undefined> {
  const [row] = await prisma.$queryRaw<{ wait: number | null }[]>`
    WITH RECURSIVE ${LANES}
    SELECT (extract(epoch FROM min(due.at) - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait
    FROM lane
    JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id AND endpoint.is_active AND endpoint.deleted_at IS NULL
    CROSS JOIN (VALUES (0), (1)) AS kind(is_retry)
    CROSS JOIN LATERAL (
      SELECT delivery.next_attempt_at AS at FROM deliveries delivery
      WHERE delivery.endpoint_id = endpoint.id AND delivery.status = 'PENDING'
        AND least(delivery.tries, 1) = kind.is_retry
      ORDER BY delivery.next_attempt_at LIMIT 1
    ) due
    WHERE endpoint.id <> ALL (${fullLanes}::integer[])`
  return row?.wait ?? undefined
}
