import type { PrismaClient } from '../../generated/prisma/client'
import { DeliveryStatus } from '../../generated/prisma/enums'

export { DeliveryStatus }

/** One event for one endpoint. */
export interface Delivery {
  id: bigint
  endpointId: number
  status: DeliveryStatus
  attemptCount: number
  /** null = no retry is planned */
  nextRetryAt: Date | null
}

/**
 * The deliveries of events, by event id, sorted by endpoint. A pending delivery of a deleted endpoint counts as cancelled: the
 * retention cancels its row some time after the deletion.
 */
export async function readDeliveries(
  { prisma }: { prisma: PrismaClient },
  eventIds: readonly bigint[],
): Promise<Map<bigint, Delivery[]>> {
  const rows = await prisma.delivery.findMany({
    where: { eventId: { in: [...eventIds] } },
    orderBy: { endpointId: 'asc' },
    include: { endpoint: { select: { deletedAt: true, isActive: true } } },
  })
  const byEvent = new Map(eventIds.map((id): [bigint, Delivery[]] => [id, []]))
  for (const { eventId, endpoint, ...row } of rows) {
    const isPending = row.status === DeliveryStatus.PENDING
    const isCancelled = isPending && endpoint.deletedAt !== null
    const waitsForRetry =
      isPending && !isCancelled && endpoint.isActive && row.tries > 0 && row.leaseOwner === null
    byEvent.get(eventId)?.push({
      id: row.id,
      endpointId: row.endpointId,
      status: isCancelled ? DeliveryStatus.CANCELLED : row.status,
      attemptCount: row.attemptCount,
      nextRetryAt: waitsForRetry ? row.nextAttemptAt : null,
    })
  }
  return byEvent
}
