import type { WorkerNotifications } from '../database/notifications'
import type { Query } from '../database/query'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import type { PrismaClient } from '../generated/prisma/client'
import { parseEventId } from '../identifiers'
import { JsonText } from '../json-text'

/** Something that happened. */
export interface Event {
  id: bigint
  type: string
  createdAt: Date
  /** when its last delivery was made; null = a worker is still making them */
  fannedOutAt: Date | null
  /** made for one endpoint to try its receiver */
  isTest: boolean
}

/** An event as receivers get it. */
export interface WholeEvent extends Event {
  /** the JSON text that is signed and sent */
  body: string
}

/** The parts of an event's body that other columns do not have. */
export interface EventBody {
  /** Unix seconds, with microseconds */
  created: number
  /** as the publisher wrote it */
  data: JsonText
}

/** What event_body (event-body.sql) writes before the data. No character of an event type needs an escape. */
const BEFORE_DATA = /^\{"event_id": \d+, "type": "[^"\\]+", "created": ([\d.]+), "data": /

/** Takes a body apart, which event_body has put together. */
export function parseBody(body: string): EventBody {
  const [beforeData, created] = BEFORE_DATA.exec(body) ?? []
  if (beforeData === undefined) throw new Error('This is not the body of an event')
  return { created: Number(created), data: new JsonText(body.slice(beforeData.length, -1)) }
}

/** The parts of the gateway that work on events needs. */
export interface EventsCore {
  prisma: PrismaClient
  query: Query
  catalogue: EventCatalogue
  notifyWorkers: WorkerNotifications['notifyWorkers']
  notifyFanOut: WorkerNotifications['notifyFanOut']
}

/**
 * One event; undefined = unknown.
 *
 * @param id as the caller sent it
 */
export async function findEvent(
  { prisma }: Pick<EventsCore, 'prisma'>,
  id: string,
): Promise<WholeEvent | undefined> {
  const eventId = parseEventId(id)
  if (eventId === undefined) return undefined
  return (await prisma.event.findUnique({ where: { id: eventId } })) ?? undefined
}
