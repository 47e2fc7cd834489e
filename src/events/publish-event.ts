import { createHash } from 'node:crypto'
import { statement } from '../database/query'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import { Failure, type Problem, throwProblems } from '../failure'
import { Prisma } from '../generated/prisma/client'
import { withoutSpace } from '../json-slice'
import type { JsonText } from '../json-text'
import { validateText } from '../validate-text'
import type { EventsCore, WholeEvent } from './event'
import { validateData } from './validate-data'

export const IDEMPOTENCY_KEY_MAX_LENGTH = 255

/** An event as a publisher gives it. */
export interface PublishInput {
  type: string
  /** goes to receivers exactly as it is */
  data: JsonText
  /** the same key and content of the same publisher within 24 hours is the same event */
  idempotencyKey?: string | null
}

export interface PublishedEvent {
  event: WholeEvent
  /** true = the idempotency key had already published this event */
  deduplicated: boolean
}

/** A row of publish_event. Of a conflict it has no event. */
interface Answer extends Omit<WholeEvent, 'id'> {
  outcome: 'published' | 'repeated' | 'conflict'
  /** deliveries that are due now; an event that is left to workers counts as one */
  dueCount: number
  id: string
}

/**
 * Accepts an event for each active endpoint that listens to its type, all or nothing. Once this
 * resolves, each delivery is delivered or visibly failed, whatever happens to this process. See publish-event.sql.
 *
 * @param publisher who owns the idempotency key, see publisherOf
 * @throws Failure `validation_failed`; `idempotency_conflict` when the key was used for other content
 */
export async function publishEvent(
  { query, catalogue, notifyWorkers, notifyFanOut }: EventsCore,
  input: PublishInput,
  publisher: string,
): Promise<PublishedEvent> {
  throwProblems(validateEvent(input, { catalogue }))
  const key = input.idempotencyKey ?? null
  const [answer] = await query<Answer>(
    statement(
      'publish_event',
      Prisma.sql`
        SELECT outcome, due_count AS "dueCount", (event).id::text, (event).type, (event).created_at AS "createdAt", (event).body,
          (event).fanned_out_at AS "fannedOutAt", (event).is_test AS "isTest"
        FROM publish_event(${input.type}, ${input.data.text}, ${publisher}, ${key}::text,
          ${key === null ? null : fingerprintOf(input)}::bytea)`,
    ),
  )
  if (answer === undefined) throw new Error('publish_event has returned no row')
  const { outcome, dueCount, id, ...event } = answer
  if (outcome === 'conflict') {
    throw new Failure(
      'idempotency_conflict',
      'The idempotency key was used for another event within the last 24 hours.',
    )
  }
  if (outcome === 'published' && event.fannedOutAt === null) notifyFanOut()
  else if (dueCount > 0) notifyWorkers(dueCount)
  return { event: { ...event, id: BigInt(id) }, deduplicated: outcome === 'repeated' }
}

/**
 * A digest of type and data, equal for equal texts. White space between tokens does not count, as it does not for receivers: a
 * publisher that repeats an event by the other API, or by another JSON library, means the same event.
 */
const fingerprintOf = ({ type, data }: PublishInput): Buffer =>
  createHash('sha256').update(JSON.stringify(type)).update(withoutSpace(data.text)).digest()

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
  if (Array.from(key).length > IDEMPOTENCY_KEY_MAX_LENGTH) {
    const message = `The idempotency key must have at most ${IDEMPOTENCY_KEY_MAX_LENGTH} characters.`
    problems.push({ path, code: 'TOO_LONG', message })
  }
  return problems
}
