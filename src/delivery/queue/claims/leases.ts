import { type Query, statement } from '../../../database/query'
import { Prisma, type PrismaClient } from '../../../generated/prisma/client'

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
    SELECT renew_leases(${owner}::uuid, ${clockOffsetMs}::float8, ${leaseMs}::float8, ${eventIds}::bigint[],
      ${endpointIds}::integer[])`
}

/** A delivery that was not sent, and when it is due again. */
export interface Release {
  delivery: DeliveryKey
  delayMs: number
}

/** Releases the leases of deliveries that were not sent: each is due again after its delay. */
export async function releaseLeases(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  releases: Release[],
): Promise<void> {
  const eventIds = releases.map(({ delivery }) => delivery.eventId)
  const endpointIds = releases.map(({ delivery }) => delivery.endpointId)
  const delays = releases.map(({ delayMs }) => delayMs)
  await query(
    statement(
      'release_leases',
      Prisma.sql`
        SELECT release_leases(${owner}::uuid, ${clockOffsetMs}, ${eventIds}::bigint[], ${endpointIds}::integer[],
          ${delays}::float8[])`,
    ),
  )
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
