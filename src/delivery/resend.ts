import { endpointNotFound, Failure, type Problem, throwProblems } from '../failure'
import type { PrismaClient } from '../generated/prisma/client'
import { parseEndpointId, parseEventId } from '../identifiers'

export const RESEND_MAX = 1_000

/**
 * Queues events for an endpoint once more, all or none: each delivery starts its schedule again from the beginning.
 * An event that never went to this endpoint (it listened later, or never did) gets a delivery. What is being sent right
 * now is left to end, and is sent once more then.
 *
 * @returns how many were queued; the same event twice counts once
 * @throws Failure `not_found`, `validation_failed` (naming every unknown event), `conflict` when the endpoint is off
 */
export async function resendEvents(
  { prisma, notifyWorkers }: { prisma: PrismaClient; notifyWorkers: () => void },
  endpointId: string,
  eventIds: string[],
): Promise<number> {
  const path = ['eventIds']
  if (eventIds.length === 0)
    throwProblems([{ path, code: 'EMPTY', message: 'At least one event is needed.' }])
  if (eventIds.length > RESEND_MAX) {
    throwProblems([
      { path, code: 'TOO_LONG', message: `At most ${RESEND_MAX} events can be resent at once.` },
    ])
  }
  const queued = await prisma.$transaction(async (tx) => {
    const id = parseEndpointId(endpointId)
    // Locked, so that it is not switched off or deleted before the deliveries are there.
    const [endpoint] = await tx.$queryRaw<{ is_active: boolean }[]>`
      SELECT is_active FROM endpoints WHERE id = ${id ?? 0} AND deleted_at IS NULL FOR SHARE`
    if (!id || !endpoint) {
      throw endpointNotFound(endpointId)
    }
    if (!endpoint.is_active) {
      throw new Failure(
        'conflict',
        'The webhook endpoint is switched off: switch it on before you resend events.',
      )
    }
    const ids = eventIds.map((eventId) => parseEventId(eventId))
    const wanted = [...new Set(ids.filter((eventId) => eventId !== undefined))].sort((a, b) =>
      a < b ? -1 : 1,
    )
    // Held, so that they are not pruned before their deliveries are pending again.
    const found = await tx.$queryRaw<{ id: bigint }[]>`
      SELECT id FROM events WHERE id = ANY (${wanted}::bigint[]) ORDER BY id FOR KEY SHARE`
    const known = new Set(found.map((event) => event.id))
    throwProblems(
      ids.flatMap((eventId, index): Problem[] => {
        if (eventId !== undefined && known.has(eventId)) return []
        const message = `There is no event ${JSON.stringify(eventIds[index]?.slice(0, 40))}.`
        return [{ path: [...path, index], code: 'UNKNOWN_EVENT', message }]
      }),
    )
    // In the order in which outcomes are recorded, or the two could wait for each other.
    await tx.$queryRaw`
      SELECT id FROM deliveries WHERE endpoint_id = ${id} AND event_id = ANY (${wanted}::bigint[])
      ORDER BY id FOR NO KEY UPDATE`
    await tx.$executeRaw`
      INSERT INTO deliveries (event_id, endpoint_id, next_attempt_at, resend_count)
      SELECT event_id, ${id}::integer, clock_timestamp(), 1 FROM unnest(${wanted}::bigint[]) AS event_id
      ON CONFLICT (event_id, endpoint_id) DO UPDATE
      SET status = 'PENDING', tries = 0, resend_count = deliveries.resend_count + 1,
        next_attempt_at = excluded.next_attempt_at`
    return wanted.length
  })
  notifyWorkers()
  return queued
}
