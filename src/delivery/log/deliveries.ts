import { Prisma, type PrismaClient } from '../../generated/prisma/client'
import { DeliveryStatus } from '../../generated/prisma/enums'

export { DeliveryStatus }

/** One event for one endpoint. */
export interface Delivery {
  eventId: bigint
  endpointId: number
  status: DeliveryStatus
  attemptCount: number
  /** null = no retry is planned */
  nextRetryAt: Date | null
}

/** The deliveries of events, by event id, sorted by endpoint. */
export async function readDeliveries(
  { prisma }: { prisma: PrismaClient },
  eventIds: readonly bigint[],
): Promise<Map<bigint, Delivery[]>> {
  const rows = await prisma.$queryRaw<DeliveryRow[]>`
    ${SELECTED} WHERE delivery.event_id = ANY (${[...eventIds]}::bigint[]) ORDER BY delivery.endpoint_id`
  const byEvent = new Map(eventIds.map((id): [bigint, Delivery[]] => [id, []]))
  for (const row of rows) byEvent.get(row.eventId)?.push(deliveryOf(row))
  return byEvent
}

/** The deliveries of events to one endpoint, in the order of the events. An event without one is left out. */
export async function readDeliveriesTo(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  endpointId: number,
  eventIds: readonly bigint[],
): Promise<Delivery[]> {
  const rows = await prisma.$queryRaw<DeliveryRow[]>`
    ${SELECTED} WHERE delivery.event_id = ANY (${[...eventIds]}::bigint[]) AND delivery.endpoint_id = ${endpointId}`
  const byEvent = new Map(rows.map((row) => [row.eventId, deliveryOf(row)]))
  return eventIds.flatMap((id) => byEvent.get(id) ?? [])
}

const SELECTED = Prisma.sql`
  SELECT delivery.event_id AS "eventId", delivery.endpoint_id AS "endpointId", delivery.status,
    delivery.attempt_count AS "attemptCount", delivery.tries, delivery.next_attempt_at AS "nextAttemptAt",
    delivery.lease_owner IS NOT NULL AS "isLeased",
    coalesce(endpoint.is_active, false) AS "isActive", endpoint.id IS NULL OR endpoint.deleted_at IS NOT NULL AS "isDeleted"
  FROM deliveries delivery LEFT JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id`

interface DeliveryRow {
  eventId: bigint
  endpointId: number
  status: DeliveryStatus
  attemptCount: number
  tries: number
  nextAttemptAt: Date | null
  isLeased: boolean
  isActive: boolean
  isDeleted: boolean
}

/** A pending delivery of a deleted endpoint counts as cancelled: a worker cancels its row soon after the deletion. */
function deliveryOf({ isActive, isDeleted, isLeased, ...row }: DeliveryRow): Delivery {
  const isPending = row.status === DeliveryStatus.PENDING
  const isCancelled = isPending && isDeleted
  const waitsForRetry = isPending && !isCancelled && isActive && row.tries > 0 && !isLeased
  return {
    eventId: row.eventId,
    endpointId: row.endpointId,
    status: isCancelled ? DeliveryStatus.CANCELLED : row.status,
    attemptCount: row.attemptCount,
    nextRetryAt: waitsForRetry ? row.nextAttemptAt : null,
  }
}
