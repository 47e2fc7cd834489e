import { type Query, statement } from '../../../database/query'
import { Prisma } from '../../../generated/prisma/client'
import { deliveryId } from '../../../identifiers'
import type { ClaimedDelivery } from '../claims/claim-deliveries'
import type { LeaseHolder } from '../claims/leases'

/**
 * Returns the ids of the deliveries that the holder still leases and that would be sent exactly as they were claimed: to the same
 * target, with the same TLS setting, signed by the same secrets. Holds the rows of their endpoints until the transaction ends.
 *
 * Each statement sees everything committed before it started (READ COMMITTED), so read after the lock.
 */
export async function findUnchangedDeliveries(
  query: Query,
  holder: LeaseHolder,
  deliveries: ClaimedDelivery[],
): Promise<Set<string>> {
  const endpointIds = await holdEndpoints(query, deliveries)
  const sendable = await findSendable(query, holder, endpointIds, deliveries)
  const unchanged = deliveries.filter((delivery) => {
    const now = sendable.get(delivery.id)
    return (
      now !== undefined &&
      now.target === delivery.target &&
      now.sslCertVerification === delivery.sslCertVerification &&
      now.secretIds.join() === delivery.secrets.map(({ id }) => id).join()
    )
  })
  return new Set(unchanged.map(({ id }) => id))
}

/** @returns the endpoints that it could lock. One that is being changed counts as changed: waiting for it would delay the others. */
async function holdEndpoints(query: Query, deliveries: ClaimedDelivery[]): Promise<number[]> {
  const ids = [...new Set(deliveries.map(({ endpointId }) => endpointId))]
  const held = await query<{ id: number }>(
    statement(
      'hold_endpoints',
      Prisma.sql`SELECT id FROM endpoints WHERE id = ANY (${ids}::integer[]) FOR SHARE SKIP LOCKED`,
    ),
  )
  return held.map(({ id }) => id)
}

interface Sendable {
  eventId: string
  endpointId: number
  target: string
  sslCertVerification: boolean
  secretIds: string[]
}

/** The deliveries that may still be sent, with the present state of their endpoints. */
async function findSendable(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  endpointIds: number[],
  deliveries: ClaimedDelivery[],
): Promise<Map<string, Sendable>> {
  const eventIds = deliveries.map(({ eventId }) => eventId)
  const targetIds = deliveries.map(({ endpointId }) => endpointId)
  const rows = await query<Sendable>(
    statement(
      'find_sendable',
      Prisma.sql`
        SELECT event_id AS "eventId", endpoint_id AS "endpointId", target, ssl_cert_verification AS "sslCertVerification",
          secret_ids AS "secretIds"
        FROM find_sendable(${owner}::uuid, ${clockOffsetMs}, ${endpointIds}::integer[], ${eventIds}::bigint[],
          ${targetIds}::integer[])`,
    ),
  )
  return new Map(rows.map((row) => [deliveryId(row.eventId, row.endpointId), row]))
}
