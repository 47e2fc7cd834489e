import type { PrismaClient } from '../../generated/prisma/client'

/** Who holds which leases, and the clock they run by. */
export interface LeaseHolder {
  owner: string
  clockOffsetMs: number
}

/** Keeps the deliveries that are being sent for as long again. Locks in the order of ids, as recordAttempts does. */
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
    SET lease_expires_at = clock_timestamp() + make_interval(secs => (${leaseMs}::float8 + ${clockOffsetMs}::float8) / 1000)
    FROM held WHERE delivery.id = held.id`
}

/** Gives one delivery back that was not sent after all: it is due again, at once or later. */
export async function releaseLease(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveryId: bigint,
  afterMs = 0,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE deliveries
    SET lease_owner = NULL, lease_expires_at = NULL,
      next_attempt_at = clock_timestamp() + make_interval(secs => (${clockOffsetMs}::float8 + ${afterMs}::float8) / 1000)
    WHERE id = ${deliveryId} AND lease_owner = ${owner}::uuid AND status = 'PENDING'`
}

/** What is leased stands near the head of its lane: it was due, and taken before what fell due later. */
const HEAD_OF_LANE = 100

/**
 * Gives back what others had leased who must have died, where no other process can be at work (embedded). Of each lane
 * its head is looked at, however much is pending; the lease of what might stand behind it runs out by itself.
 */
export async function releaseAbandonedLeases(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`
    WITH head AS MATERIALIZED (
      SELECT head.id FROM pending_lanes() AS lane(endpoint_id) CROSS JOIN (VALUES (0), (1)) AS kind(is_retry)
      CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.lease_owner FROM deliveries delivery
        WHERE delivery.endpoint_id = lane.endpoint_id AND delivery.status = 'PENDING'
          AND least(delivery.tries, 1) = kind.is_retry
        ORDER BY delivery.next_attempt_at LIMIT ${HEAD_OF_LANE}
      ) head
      WHERE head.lease_owner IS NOT NULL
    )
    UPDATE deliveries delivery SET lease_owner = NULL, lease_expires_at = NULL FROM head WHERE delivery.id = head.id`
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
    SELECT (extract(epoch FROM min(due.at) - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait
    FROM pending_lanes() AS lane(endpoint_id)
    JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id AND endpoint.is_active AND endpoint.deleted_at IS NULL
    CROSS JOIN (VALUES (0), (1)) AS kind(is_retry)
    CROSS JOIN (SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now) clock
    CROSS JOIN LATERAL (
      SELECT delivery.next_attempt_at AS at FROM deliveries delivery
      WHERE delivery.endpoint_id = endpoint.id AND least(delivery.tries, 1) = kind.is_retry
        AND is_unleased(delivery, clock.now)
      ORDER BY delivery.next_attempt_at LIMIT 1
    ) due
    WHERE endpoint.id <> ALL (${fullLanes}::integer[])`
  return row?.wait ?? undefined
}
