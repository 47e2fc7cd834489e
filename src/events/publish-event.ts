import { createHash } from 'node:crypto'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import { Failure, type Problem, throwProblems } from '../failure'
import { validateText } from '../validate-text'
import type { Event, EventsCore } from './event'
import { validateData } from './validate-data'

export const IDEMPOTENCY_KEY_MAX_LENGTH = 255

/** An event as a publisher gives it. */
export interface PublishInput {
  type: string
  data: unknown
  /** the same key and content within 24 hours is the same event */
  idempotencyKey?: string | null
}

export interface PublishedEvent extends Event {
  /** true = the idempotency key had already published this event */
  repeated: boolean
}

/**
 * Accepts an event and queues a delivery for each active endpoint that listens to its type, all or nothing. Once this
 * resolves, each delivery is delivered or visibly failed, whatever happens to this process. See publish-event.sql.
 *
 * @throws Failure `validation_failed`; `idempotency_conflict` when the key was used for other content
 */
export async function publishEvent(
  { prisma, catalogue, notifyWorkers }: EventsCore,
  input: PublishInput,
): Promise<PublishedEvent> {
  throwProblems(validateEvent(input, { catalogue }))
  const data = JSON.stringify(input.data)
  const key = input.idempotencyKey ?? null
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([input.type, data]))
    .digest()
  const [row] = await prisma.$queryRaw<[{ answer: { outcome: string; eventId: string } }]>`
    SELECT publish_event(${input.type}, ${data}, ${key}::text, ${fingerprint}::bytea) AS answer`
  const { outcome, eventId } = row.answer
  if (outcome === 'conflict') {
    throw new Failure(
      'idempotency_conflict',
      'The idempotency key was used for another event within the last 24 hours.',
    )
  }
  if (outcome === 'published') notifyWorkers()
  const event = await prisma.event.findUniqueOrThrow({ where: { id: BigInt(eventId) } })
  return { ...event, repeated: outcome === 'repeated' }
}

/** Every problem of the fields that are given, which may be all or some. */
export function validateEvent(
  { type, data, idempotencyKey }: Partial<PublishInput>,
  { catalogue }: { catalogue: EventCatalogue },
): Problem[] {
  return [
    ...(type === undefined || catalogue.has(type) ? [] : [unknownType(type)]),
    ...(data === undefined ? [] : validateData(data)),
    ...(idempotencyKey == null ? [] : validateKey(idempotencyKey)),
  ]
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
