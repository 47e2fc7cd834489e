import { createHash } from 'node:crypto'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import { validateText } from '../endpoints/validate-endpoint'
import { Failure, type Problem, throwProblems } from '../failure'
import type { PrismaClient } from '../generated/prisma/client'
import { DeliveryStatus } from '../generated/prisma/enums'
import { parseEventId } from '../identifiers'
import type { Event } from './event'
import { validateData } from './validate-data'

export { DeliveryStatus }

export const IDEMPOTENCY_KEY_MAX_LENGTH = 255

/** What a publisher hands in. */
export interface PublishInput {
  type: string
  data: unknown
  /** the same key and content within 24 hours is the same event */
  idempotencyKey?: string | null
}

/** An event that was accepted, now or before under the same key. */
export interface PublishedEvent extends Event {
  repeated: boolean
}

/** One event on its way to one endpoint. */
export interface Delivery {
  id: bigint
  endpointId: number
  status: DeliveryStatus
  attemptCount: number
  /** null when nothing is waited for */
  nextRetryAt: Date | null
}

export class Events {
  /** @param ring wakes the workers of all processes */
  constructor(
    private readonly prisma: PrismaClient,
    private readonly catalogue: EventCatalogue,
    private readonly notifyWorkers: () => void,
  ) {}

  /** What is wrong with the fields that are given, be they all or some. */
  judge({ type, data, idempotencyKey }: Partial<PublishInput>): Problem[] {
    return [
      ...(type === undefined || this.catalogue.has(type) ? [] : [unknownType(type)]),
      ...(data === undefined ? [] : validateData(data)),
      ...(idempotencyKey == null ? [] : validateKey(idempotencyKey)),
    ]
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<Event | undefined> {
    const number = parseEventId(id)
    if (number === undefined) return undefined
    return (await this.prisma.event.findUnique({ where: { id: number } })) ?? undefined
  }

  /**
   * Accepts an event and queues a delivery for each active endpoint that listens to it, all or nothing. Once this
   * resolves, the event is delivered or visibly failed, whatever happens to this process.
   *
   * @throws Failure `validation_failed`; `conflict` when the key was used for another content
   */
  async publish(input: PublishInput): Promise<PublishedEvent> {
    throwProblems(this.judge(input))
    const data = JSON.stringify(input.data)
    const key = input.idempotencyKey ?? null
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([input.type, data]))
      .digest()
    const [row] = await this.prisma.$queryRaw<[{ answer: { outcome: string; eventId: string } }]>`
      SELECT publish_event(${input.type}, ${data}, ${key}::text, ${fingerprint}::bytea) AS answer`
    const { outcome, eventId } = row.answer
    if (outcome === 'conflict') {
      throw new Failure(
        'conflict',
        'The idempotency key was used for another event within the last 24 hours.',
      )
    }
    if (outcome === 'published') this.notifyWorkers()
    const event = await this.prisma.event.findUniqueOrThrow({ where: { id: BigInt(eventId) } })
    return { ...event, repeated: outcome === 'repeated' }
  }

  /** The deliveries of an event, by endpoint. What a deleted endpoint has not got any more counts as cancelled. */
  async deliveries(eventId: bigint): Promise<Delivery[]> {
    const rows = await this.prisma.delivery.findMany({
      where: { eventId },
      orderBy: { endpointId: 'asc' },
      include: { endpoint: { select: { deletedAt: true, isActive: true } } },
    })
    return rows.map(({ endpoint, leaseOwner, leaseExpiresAt: _, nextAttemptAt, ...delivery }) => {
      const isCancelled = delivery.status === 'PENDING' && endpoint.deletedAt !== null
      const isWaiting =
        delivery.status === 'PENDING' &&
        !isCancelled &&
        endpoint.isActive &&
        delivery.tries > 0 &&
        leaseOwner === null
      return {
        ...delivery,
        status: isCancelled ? ('CANCELLED' as const) : delivery.status,
        nextRetryAt: isWaiting ? nextAttemptAt : null,
      }
    })
  }
}

function unknownType(type: string): Problem {
  const message = `There is no event type ${JSON.stringify(type.slice(0, 100))}.`
  return { path: ['input', 'type'], code: 'UNKNOWN_EVENT_TYPE', message }
}

function validateKey(key: string): Problem[] {
  const path = ['input', 'idempotencyKey']
  const problems = validateText(key, path)
  if (key === '') problems.push({ path, code: 'EMPTY', message: 'The idempotency key must not be empty.' })
  if (key.length > IDEMPOTENCY_KEY_MAX_LENGTH) {
    const message = `The idempotency key must have at most ${IDEMPOTENCY_KEY_MAX_LENGTH} characters.`
    problems.push({ path, code: 'TOO_LONG', message })
  }
  return problems
}
