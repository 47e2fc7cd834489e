import type { PrismaClient } from '../generated/prisma/client'

/**
 * Switches an endpoint off because its receiver answered 410 Gone, unless the endpoint has another target by now. Repeats two
 * rules of update-endpoint.sql: a change raises the version by one, and `updated_at` never goes back.
 *
 * @param target the URL that answered
 */
export async function disableGoneEndpoint(
  prisma: PrismaClient,
  { endpointId, target }: { endpointId: number; target: string },
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE endpoints
    SET is_active = false, disabled_reason = 'GONE', disabled_at = clock_timestamp(), version = version + 1,
      updated_at = greatest(clock_timestamp(), updated_at)
    WHERE id = ${endpointId} AND target = ${target} AND is_active AND deleted_at IS NULL`
}
