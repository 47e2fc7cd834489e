import type { Prisma } from '../generated/prisma/client'

/**
 * Cancels pending deliveries of a deleted endpoint, at most `limit` of them. A leased delivery is left to the worker that sends
 * it, for as long as its lease lasts.
 *
 * Here and not in delivery/, because deleteEndpoint needs it and endpoints/ imports nothing of delivery/.
 *
 * @returns the number of cancelled deliveries
 */
export async function cancelDeliveries(
  tx: Prisma.TransactionClient,
  endpointId: number,
  limit: number,
): Promise<number> {
  return tx.$executeRaw`
    UPDATE deliveries SET status = 'CANCELLED' WHERE id IN (
      SELECT delivery.id FROM deliveries delivery CROSS JOIN (SELECT clock_timestamp() AS now) clock
      WHERE delivery.endpoint_id = ${endpointId} AND is_claimable(delivery, clock.now)
      LIMIT ${limit} FOR UPDATE OF delivery SKIP LOCKED
    )`
}
