import type { PrismaClient } from '../../../generated/prisma/client'

/** A process that holds leases, and the clock by which they expire. */
export interface LeaseHolder {
  /** UUID of the process */
  owner: string
  /** added to the database's clock; 0 except in tests */
  clockOffsetMs: number
}

/** Names a delivery: an event has one delivery to an endpoint. */
export interface DeliveryKey {
  eventId: bigint
  endpointId: number
}

/**
 * Extends the holder's leases of these deliveries to `leaseMs` from now. Locks rows in the order of their keys, as recordAttempts
 * does.
 */
export async function renewLeases(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveries: DeliveryKey[],
  leaseMs: number,
): Promise<void> {
  const eventIds = deliveries.map(({ eventId }) => eventId)
  const endpointIds = deliveries.map(({ endpointId }) => endpointId)
  await prisma.$executeRaw`
    WITH held AS MATERIALIZED (
      SELECT delivery.event_id, delivery.endpoint_id
      FROM unnest(${eventIds}::bigint[], ${endpointIds}::integer[]) AS key(event_id, endpoint_id)
      JOIN queue delivery USING (event_id, endpoint_id)
      WHERE delivery.lease_owner = ${owner}::uuid
      ORDER BY 1, 2 FOR NO KEY UPDATE OF delivery
    )
    UPDATE queue delivery
    SET lease_expires_at = clock_timestamp() + make_interval(secs => (${leaseMs}::float8 + ${clockOffsetMs}::float8) / 1000)
    FROM held WHERE delivery.event_id = held.event_id AND delivery.endpoint_id = held.endpoint_id`
}

/** Releases the lease of a delivery that was not sent: the delivery is due again after `delayMs`. */
export async function releaseLease(
  prisma: PrismaClient,
  { owner, clockOffsetMs }: LeaseHolder,
  { eventId, endpointId }: DeliveryKey,
  delayMs: number,
): Promise<void> {
  await prisma.$executeRaw`
    WITH released AS (
      UPDATE queue
      SET lease_owner = NULL, lease_expires_at = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => (${clockOffsetMs}::float8 + ${delayMs}::float8) / 1000)
      WHERE event_id = ${eventId} AND endpoint_id = ${endpointId} AND lease_owner = ${owner}::uuid
      RETURNING endpoint_id
    )
    INSERT INTO lane_wakes (endpoint_id) SELECT endpoint_id FROM released`
}

/**
 * Releases every lease that a dead process left behind. For the embedded database only, where no other process can be alive. Every
 * lane is looked into again.
 */
export async function releaseAbandonedLeases(prisma: PrismaClient): Promise<void> {
  await prisma.$transaction([
    prisma.$executeRaw`UPDATE queue SET lease_owner = NULL, lease_expires_at = NULL WHERE lease_owner IS NOT NULL`,
    prisma.$executeRaw`UPDATE lanes SET is_awake = true WHERE NOT is_awake`,
  ])
}
