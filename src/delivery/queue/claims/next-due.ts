import type { PrismaClient } from '../../../generated/prisma/client'

/**
 * Milliseconds until the next delivery is due, 0 or less when one is due already; undefined when no lane has a delivery that this
 * process could claim. Leased deliveries and lanes of endpoints that are switched off do not count. Reads the head of both parts
 * of each lane: claim-deliveries.sql explains them.
 *
 * @param clockOffsetMs added to the database's clock; 0 except in tests
 * @param fullEndpoints endpoints without a free send slot in this process: their lanes do not count either
 */
export async function nextDueIn(
  prisma: PrismaClient,
  clockOffsetMs: number,
  fullEndpoints: number[],
): Promise<number | undefined> {
  const [row] = await prisma.$queryRaw<{ wait: number | null }[]>`
    SELECT (extract(epoch FROM min(due.at) - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait
    FROM pending_lanes() AS lane(endpoint_id)
    JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id AND endpoint.is_active AND endpoint.deleted_at IS NULL
    CROSS JOIN (VALUES (0), (1)) AS part(is_retry)
    CROSS JOIN (SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now) clock
    CROSS JOIN LATERAL (
      SELECT delivery.next_attempt_at AS at FROM deliveries delivery
      WHERE delivery.endpoint_id = endpoint.id AND least(delivery.tries, 1) = part.is_retry
        AND is_claimable(delivery, clock.now)
      ORDER BY delivery.next_attempt_at LIMIT 1
    ) due
    WHERE endpoint.id <> ALL (${fullEndpoints}::integer[])`
  return row?.wait ?? undefined
}
