import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import type { PrismaClient } from '../generated/prisma/client'
import { parseEventId } from '../identifiers'

/** Something that happened, as receivers get it. */
export interface Event {
  id: bigint
  type: string
  createdAt: Date
  /** the JSON text that is signed and sent */
  body: string
}

/** The body of an event, parsed. */
export interface EventBody {
  event_id: number
  type: string
  /** Unix seconds, with microseconds */
  created: number
  data: unknown
}

export const parseBody = (body: string): EventBody => JSON.parse(body)

/** The parts of the gateway that work on events needs. */
export interface EventsCore {
  prisma: PrismaClient
  catalogue: EventCatalogue
  /** wakes the workers of all processes, because a delivery may be due */
  notifyWorkers: () => void
}

/**
 * One event; undefined = unknown.
 *
 * @param id as the caller sent it
 */
export async function findEvent(
  { prisma }: Pick<EventsCore, 'prisma'>,
  id: string,
): Promise<Event | undefined> {
  const eventId = parseEventId(id)
  if (eventId === undefined) return undefined
  return (await prisma.event.findUnique({ where: { id: eventId } })) ?? undefined
}
