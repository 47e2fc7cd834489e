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
        SELECT delivery.event_id::text AS "eventId", delivery.endpoint_id AS "endpointId", endpoint.target, endpoint.ssl_cert_verification AS "sslCertVerification",
          ARRAY(SELECT secret.id::text FROM live_secrets(endpoint.id, clock.now) secret) AS "secretIds"
        FROM (SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now) clock
        CROSS JOIN unnest(${eventIds}::bigint[], ${targetIds}::integer[]) AS key(event_id, endpoint_id)
        JOIN queue delivery ON delivery.event_id = key.event_id AND delivery.endpoint_id = key.endpoint_id
        JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
        JOIN events event ON event.id = delivery.event_id
        WHERE delivery.endpoint_id = ANY (${endpointIds}::integer[])
          AND delivery.lease_owner = ${owner}::uuid
          AND endpoint.is_active AND endpoint.deleted_at IS NULL
          AND is_wanted(delivery.resend_count, event.type,
            ARRAY(SELECT listening.type FROM endpoint_events listening WHERE listening.endpoint_id = endpoint.id))`,
    ),
  )
  return new Map(rows.map((row) => [deliveryId(row.eventId, row.endpointId), row]))
}
