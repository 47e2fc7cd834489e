import { endpointNotFound } from '../failure'
import { parseEndpointId } from '../identifiers'
import { type EndpointJson, type EndpointsCore, fromJson } from './endpoint'
import { versionConflict } from './update-endpoint'

/** As for every other statement: claims of a process that has died may hold the endpoint for some seconds. */
const TIME_LIMITS = { maxWait: 10_000, timeout: 10_000 }

/** Pending deliveries that a deletion cancels itself. Workers cancel the others, in batches (settle_lanes). */
const CANCELLED_AT_ONCE = 1_000

/**
 * Deletes an endpoint: hides the endpoint, so that no claim takes its deliveries any more, removes its signing secrets, and
 * cancels its pending deliveries. The deliveries stay on record.
 *
 * @param id as the caller sent it
 * @throws Failure `not_found`, `version_conflict` (with `current`, the stored endpoint)
 */
export async function deleteEndpoint(
  { prisma }: EndpointsCore,
  id: string,
  expectedVersion?: number | null,
): Promise<void> {
  const endpointId = parseEndpointId(id)
  if (endpointId === undefined) throw endpointNotFound(id)
  await prisma.$transaction(async (tx) => {
    // Claims hold an endpoint FOR SHARE while they start sends: wait for them, so that none starts after the answer.
    await tx.$queryRaw`SELECT FROM endpoints WHERE id = ${endpointId} FOR UPDATE`
    const [row] = await tx.$queryRaw<{ stored: EndpointJson }[]>`
      SELECT endpoint_json(endpoint) AS stored FROM endpoints endpoint
      WHERE id = ${endpointId} AND deleted_at IS NULL`
    if (!row) throw endpointNotFound(id)
    const { stored } = row
    if (expectedVersion != null && expectedVersion !== stored.version) throw versionConflict(fromJson(stored))
    await tx.$executeRaw`UPDATE endpoints SET deleted_at = clock_timestamp(), is_active = false WHERE id = ${endpointId}`
    await tx.signingSecret.deleteMany({ where: { endpointId } })
    await tx.$queryRaw`SELECT cancel_deliveries(${endpointId}::integer, clock_timestamp(), ${CANCELLED_AT_ONCE}::integer)::integer`
    await tx.$executeRaw`INSERT INTO lane_wakes (endpoint_id) VALUES (${endpointId})`
  }, TIME_LIMITS)
}
