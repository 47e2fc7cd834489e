import type { WorkerNotifications } from '../database/notifications'
import { endpointNotFound, type Problem, throwProblems } from '../failure'
import type { Prisma, PrismaClient } from '../generated/prisma/client'
import { parseEndpointId, parseEventId } from '../identifiers'
import { type Delivery, readDeliveriesTo } from './log/deliveries'

/** The most events that one call resends. */
export const RESEND_MAX = 1_000

/** The parts of the gateway that a resend needs. */
export interface ResendCore {
  prisma: PrismaClient
  /** wakes workers of any process, because deliveries may be due */
  notifyWorkers: WorkerNotifications['notifyWorkers']
}

/**
 * Queues events for an endpoint again, all or none. Each delivery starts its retry schedule again. An event without a delivery to
 * this endpoint gets one, also when the endpoint does not listen to its type. A delivery that is in flight ends, and is then sent
 * once more. While the endpoint is switched off, the deliveries wait.
 *
 * @param endpointId as the caller sent it, like `eventIds`
 * @returns the deliveries, each once, in the order of `eventIds`
 * @throws Failure `not_found`, `validation_failed` (a problem per unknown event; events of test sends count as unknown)
 */
export async function resendEvents(
  { prisma, notifyWorkers }: ResendCore,
  endpointId: string,
  eventIds: string[],
): Promise<Delivery[]> {
  validateCount(eventIds)
  const deliveries = await prisma.$transaction(async (tx) => {
    const id = await lockEndpoint(tx, endpointId)
    const ids = await lockEvents(tx, id, eventIds)
    const sorted = [...ids].sort((a, b) => (a < b ? -1 : 1))
    await tx.$executeRaw`SELECT resend_deliveries(${id}::integer, ${sorted}::bigint[])`
    return readDeliveriesTo(tx, id, ids)
  })
  notifyWorkers()
  return deliveries
}

const PATH = ['eventIds']

function validateCount(eventIds: string[]): void {
  if (eventIds.length === 0)
    throwProblems([{ path: PATH, code: 'EMPTY', message: 'At least one event is needed.' }])
  if (eventIds.length > RESEND_MAX) {
    const message = `At most ${RESEND_MAX} events can be resent at once.`
    throwProblems([{ path: PATH, code: 'TOO_LONG', message }])
  }
}

/** Locks the endpoint, so that it is not deleted before its deliveries are stored. */
async function lockEndpoint(tx: Prisma.TransactionClient, endpointId: string): Promise<number> {
  const id = parseEndpointId(endpointId)
  const [endpoint] = await tx.$queryRaw<object[]>`
    SELECT id FROM endpoints WHERE id = ${id ?? 0} AND deleted_at IS NULL FOR SHARE`
  if (!id || !endpoint) throw endpointNotFound(endpointId)
  return id
}

/**
 * Locks the events, so that they are not pruned before their deliveries are pending again.
 *
 * @returns their ids, each once, in the order in which they were given
 */
async function lockEvents(
  tx: Prisma.TransactionClient,
  endpointId: number,
  eventIds: string[],
): Promise<bigint[]> {
  const given = eventIds.map((eventId) => parseEventId(eventId))
  const ids = [...new Set(given.filter((id) => id !== undefined))]
  await tx.$executeRaw`SELECT lock_resend(${endpointId}::integer, ${ids}::bigint[])`
  const found = await tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM events WHERE id = ANY (${ids}::bigint[]) AND NOT is_test ORDER BY id FOR KEY SHARE`
  const known = new Set(found.map(({ id }) => id))
  throwProblems(
    given.flatMap((id, index): Problem[] => {
      if (id !== undefined && known.has(id)) return []
      const message = `There is no event ${JSON.stringify(eventIds[index]?.slice(0, 40))}.`
      return [{ path: [...PATH, index], code: 'UNKNOWN_ID', message }]
    }),
  )
  return ids
}
