import { Prisma, type PrismaClient } from '../../generated/prisma/client'
import { AttemptError, AttemptOutcome, AttemptTrigger } from '../../generated/prisma/enums'
import { parseEventId } from '../../identifiers'

export { AttemptError, AttemptOutcome, AttemptTrigger }

/** One send and its result, as recorded, without the body of the response. */
export interface Attempt {
  id: bigint
  eventId: bigint
  endpointId: number
  number: number
  trigger: AttemptTrigger
  outcome: AttemptOutcome
  createdAt: Date
  /** null when not one byte was sent */
  sentAt: Date | null
  signatureHeader: string
  responseStatus: number | null
  responseTruncated: boolean
  durationMs: number | null
  error: AttemptError | null
  errorDetail: string | null
  nextRetryAt: Date | null
}

/** A row of a statement with ATTEMPT_COLUMNS. */
export interface AttemptRow extends Omit<Attempt, 'id' | 'eventId'> {
  id: string
  eventId: string
}

/** Columns of a row of attempts, called attempt: all but the body of the response, which may be 64 KiB. */
export const ATTEMPT_COLUMNS = Prisma.sql`
  attempt.id::text, attempt.event_id::text AS "eventId", attempt.endpoint_id AS "endpointId", attempt.number, attempt.trigger,
  attempt.outcome, attempt.created_at AS "createdAt", attempt.sent_at AS "sentAt", attempt.signature_header AS "signatureHeader",
  attempt.response_status AS "responseStatus", attempt.response_truncated AS "responseTruncated",
  attempt.duration_ms AS "durationMs", attempt.error, attempt.error_detail AS "errorDetail",
  attempt.next_retry_at AS "nextRetryAt"`

export const attemptOf = (row: AttemptRow): Attempt => ({
  ...row,
  id: BigInt(row.id),
  eventId: BigInt(row.eventId),
})

/** @throws Error when there is no such attempt */
export async function readAttempt(
  prisma: PrismaClient,
  { id, eventId }: { id: bigint; eventId: bigint },
): Promise<Attempt> {
  const [row] = await prisma.$queryRaw<AttemptRow[]>`
    SELECT ${ATTEMPT_COLUMNS} FROM attempts attempt WHERE id = ${id} AND event_id = ${eventId}`
  if (row === undefined) throw new Error('The attempt was removed')
  return attemptOf(row)
}

/**
 * One attempt; undefined = unknown.
 *
 * @param id as the caller sent it
 */
export async function findAttempt(
  { prisma }: { prisma: PrismaClient },
  id: string,
): Promise<Attempt | undefined> {
  const attemptId = parseEventId(id)
  if (attemptId === undefined) return undefined
  const [row] = await prisma.$queryRaw<AttemptRow[]>`
    SELECT ${ATTEMPT_COLUMNS} FROM attempts attempt WHERE id = ${attemptId}`
  return row && attemptOf(row)
}

/** The bodies of responses, by the ids of their attempts; null where none came. */
export async function readResponseBodies(
  { prisma }: { prisma: PrismaClient },
  attempts: readonly Pick<Attempt, 'id' | 'eventId'>[],
): Promise<Map<bigint, string | null>> {
  const rows = await prisma.$queryRaw<{ id: bigint; responseBody: string | null }[]>`
    SELECT attempt.id, attempt.response_body AS "responseBody"
    FROM unnest(${attempts.map(({ id }) => id)}::bigint[], ${attempts.map(({ eventId }) => eventId)}::bigint[]) AS wanted(id, event_id)
    JOIN attempts attempt ON attempt.id = wanted.id AND attempt.event_id = wanted.event_id`
  return new Map(rows.map(({ id, responseBody }) => [id, responseBody]))
}
