import type { PrismaClient } from '../../../generated/prisma/client'

/** A process that holds leases, and the clock by which they expire. */
export interface LeaseHolder {
  /** UUID of the process */
  owner: string
  /** added to the database's clock; 0 except in tests */
  clockOffsetMs: number
}

/** Extends the holder's leases of these deliveries to `leaseMs` from now. Locks rows in the order of ids, as recordAttempts does. */
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

/** Releases the lease of a delivery that was not sent: the delivery is due again after `delayMs`. */
export async function releaseLease(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveryId: bigint,
  delayMs: number,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE deliveries
    SET lease_owner = NULL, lease_expires_at = NULL,
      next_attempt_at = clock_timestamp() + make_interval(secs => (${clockOffsetMs}::float8 + ${delayMs}::float8) / 1000)
    WHERE id = ${deliveryId} AND lease_owner = ${owner}::uuid AND status = 'PENDING'`
}

/** Leased deliveries are near the head of their lane: they were due before the deliveries behind them. */
const HEAD_OF_LANE = 100

/**
 * Releases every lease that a dead process left behind. For the embedded database only, where no other process can be alive.
 *
 * Reads the head of both parts of each lane (claim-deliveries.sql explains them), so that the cost does not depend on the number
 * of pending deliveries. A lease further back expires by itself.
 */
export async function releaseAbandonedLeases(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`
    WITH head AS MATERIALIZED (
      SELECT head.id FROM pending_lanes() AS lane(endpoint_id) CROSS JOIN (VALUES (0), (1)) AS part(is_retry)
      CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.lease_owner FROM deliveries delivery
        WHERE delivery.endpoint_id = lane.endpoint_id AND delivery.status = 'PENDING'
          AND least(delivery.tries, 1) = part.is_retry
        ORDER BY delivery.next_attempt_at LIMIT ${HEAD_OF_LANE}
      ) head
      WHERE head.lease_owner IS NOT NULL
    )
    UPDATE deliveries delivery SET lease_owner = NULL, lease_expires_at = NULL FROM head WHERE delivery.id = head.id`
}
