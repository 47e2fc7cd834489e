import type { Event } from '../../events/event'
import { endpointNotFound } from '../../failure'
import type { Prisma, PrismaClient } from '../../generated/prisma/client'
import { AttemptError } from '../../generated/prisma/enums'
import { parseEndpointId, parseEventId } from '../../identifiers'
import { pageRange } from '../../page-range'

export { AttemptError }

/** One send and its result, as recorded. */
export interface Attempt {
  id: bigint
  event: Event
  number: number
  createdAt: Date
  /** null when not one byte was sent */
  sentAt: Date | null
  signatureHeader: string
  responseStatus: number | null
  responseBody: string | null
  responseTruncated: boolean
  durationMs: number | null
  error: AttemptError | null
  errorDetail: string | null
  nextRetryAt: Date | null
}

export enum AttemptOrder {
  CREATED_AT_ASC = 'CREATED_AT_ASC',
  CREATED_AT_DESC = 'CREATED_AT_DESC',
  SENT_AT_ASC = 'SENT_AT_ASC',
  SENT_AT_DESC = 'SENT_AT_DESC',
  NEXT_RETRY_ASC = 'NEXT_RETRY_ASC',
  NEXT_RETRY_DESC = 'NEXT_RETRY_DESC',
}

/** Every given condition must hold. */
export interface AttemptFilter {
  eventId?: string | null
  /** true = delivered, false = failed */
  isSuccessful?: boolean | null
  error?: AttemptError | null
}

/** A part of the list. Null and undefined mean the default. */
export interface AttemptSlice {
  orderBy?: AttemptOrder | null
  limit?: number | null
  offset?: number | null
}

/**
 * The attempts of an endpoint. Without a filter their number is read from a counter, so that a page costs the same however
 * many attempts are on record.
 *
 * @param endpointId as the caller sent it
 * @throws Failure `validation_failed`, `not_found`
 */
export async function listAttempts(
  { prisma }: { prisma: PrismaClient },
  endpointId: string,
  filter: AttemptFilter,
  { orderBy, limit, offset }: AttemptSlice,
): Promise<{ totalCount: number; nodes: Attempt[] }> {
  const { take, skip } = pageRange({ limit, offset })
  const id = await requireEndpoint(prisma, endpointId)
  const where = conditionOf(id, filter)
  const isFiltered = Object.keys(where).length > 1
  const [totalCount, nodes] = await Promise.all([
    isFiltered ? prisma.attempt.count({ where }) : readCount(prisma, id),
    prisma.attempt.findMany({
      where,
      orderBy: ORDER_BY[orderBy ?? AttemptOrder.CREATED_AT_DESC],
      take,
      skip,
      include: WITH_EVENT,
    }),
  ])
  return { totalCount, nodes: nodes.map(withEvent) }
}

async function readCount(prisma: PrismaClient, endpointId: number): Promise<number> {
  const row = await prisma.attemptCount.findUnique({ where: { endpointId } })
  return Number(row?.count ?? 0)
}

async function requireEndpoint(prisma: PrismaClient, endpointId: string): Promise<number> {
  const id = parseEndpointId(endpointId)
  const isKnown = id && (await prisma.endpoint.count({ where: { id, deletedAt: null } })) > 0
  if (!isKnown) throw endpointNotFound(endpointId)
  return id
}

const WITH_EVENT = { delivery: { select: { event: true } } } satisfies Prisma.AttemptInclude

/** @throws Error when there is no attempt with this id */
export async function readAttempt(prisma: PrismaClient, id: bigint): Promise<Attempt> {
  return withEvent(await prisma.attempt.findUniqueOrThrow({ where: { id }, include: WITH_EVENT }))
}

const withEvent = ({
  delivery,
  ...attempt
}: Prisma.AttemptGetPayload<{ include: typeof WITH_EVENT }>): Attempt => ({
  ...attempt,
  event: delivery.event,
})

function conditionOf(
  endpointId: number,
  { eventId, isSuccessful, error }: AttemptFilter,
): Prisma.AttemptWhereInput {
  const where: Prisma.AttemptWhereInput = { endpointId }
  // A malformed id matches no event.
  if (eventId != null) where.eventId = parseEventId(eventId) ?? -1n
  if (isSuccessful === true) where.error = null
  if (isSuccessful === false) where.error = { not: null }
  if (error != null) where.AND = { error }
  return where
}

/** Each order is served by an index. As usual in PostgreSQL, null instants are last in ascending order and first in descending. */
const ORDER_BY = {
  CREATED_AT_ASC: [{ createdAt: 'asc' }, { id: 'asc' }],
  CREATED_AT_DESC: [{ createdAt: 'desc' }, { id: 'desc' }],
  SENT_AT_ASC: [{ sentAt: 'asc' }, { id: 'asc' }],
  SENT_AT_DESC: [{ sentAt: 'desc' }, { id: 'desc' }],
  NEXT_RETRY_ASC: [{ nextRetryAt: 'asc' }, { id: 'asc' }],
  NEXT_RETRY_DESC: [{ nextRetryAt: 'desc' }, { id: 'desc' }],
} satisfies Record<AttemptOrder, Prisma.AttemptOrderByWithRelationInput[]>
