import { Prisma, type PrismaClient } from '../../generated/prisma/client'
import { DeliveryStatus } from '../../generated/prisma/enums'

export { DeliveryStatus }

/** One event for one endpoint. */
export interface Delivery {
  eventId: bigint
  endpointId: number
  /** when the event was published */
  createdAt: Date
  status: DeliveryStatus
  attemptCount: number
  /** tries of the retry schedule that are used up */
  triesUsed: number
  /** null = no retry is planned */
  nextRetryAt: Date | null
}

/** A row of a statement with DELIVERY_COLUMNS. */
export interface DeliveryRow {
  eventId: string
  endpointId: number
  createdAt: Date
  status: DeliveryStatus
  attemptCount: number
  tries: number
  nextAttemptAt: Date | null
  isLeased: boolean
  isAhead: boolean
  isActive: boolean
  isDeleted: boolean
}

/** Columns of a row of the view deliveries, called delivery, with its event and its endpoint, which may be null. */
export const DELIVERY_COLUMNS = Prisma.sql`
  delivery.event_id::text AS "eventId", delivery.endpoint_id AS "endpointId", event.created_at AS "createdAt", delivery.status,
  delivery.attempt_count AS "attemptCount", delivery.tries, delivery.next_attempt_at AS "nextAttemptAt",
  delivery.lease_owner IS NOT NULL AS "isLeased", delivery.next_attempt_at > clock_timestamp() AS "isAhead",
  coalesce(endpoint.is_active, false) AS "isActive",
  endpoint.id IS NULL OR endpoint.deleted_at IS NOT NULL AS "isDeleted"`

/** A pending delivery of a deleted endpoint counts as cancelled: a worker cancels its row soon after the deletion. */
export function deliveryOf(row: DeliveryRow): Delivery {
  const isPending = row.status === DeliveryStatus.PENDING
  const isCancelled = isPending && row.isDeleted
  // A busy receiver uses up no try. A resend has no try either, and is due at once.
  const hasRetry = row.tries > 0 || (row.attemptCount > 0 && row.isAhead)
  const waitsForRetry = isPending && !isCancelled && row.isActive && hasRetry && !row.isLeased
  return {
    eventId: BigInt(row.eventId),
    endpointId: row.endpointId,
    createdAt: row.createdAt,
    status: isCancelled ? DeliveryStatus.CANCELLED : row.status,
    attemptCount: row.attemptCount,
    triesUsed: row.tries,
    nextRetryAt: waitsForRetry ? row.nextAttemptAt : null,
  }
}

/** The deliveries of events to one endpoint, in the order of the events. An event without one is left out. */
export async function readDeliveriesTo(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  endpointId: number,
  eventIds: readonly bigint[],
): Promise<Delivery[]> {
  const rows = await prisma.$queryRaw<DeliveryRow[]>`
    SELECT ${DELIVERY_COLUMNS}
    FROM deliveries delivery
    JOIN events event ON event.id = delivery.event_id
    LEFT JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
    WHERE delivery.event_id = ANY (${[...eventIds]}::bigint[]) AND delivery.endpoint_id = ${endpointId}`
  const byEvent = new Map(rows.map((row) => [row.eventId, deliveryOf(row)]))
  return eventIds.flatMap((id) => byEvent.get(String(id)) ?? [])
}
