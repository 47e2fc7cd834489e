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
    findInOrder(prisma, where, { orderBy: orderBy ?? AttemptOrder.CREATED_AT_DESC, take, skip }),
  ])
  return { totalCount, nodes: await withEvents(prisma, nodes) }
}

type Row = Prisma.AttemptGetPayload<object>

interface Range {
  orderBy: AttemptOrder
  take: number
  skip: number
}

/** An order may have two parts, one after the other, each served by an index. */
async function findInOrder(
  prisma: PrismaClient,
  where: Prisma.AttemptWhereInput,
  { orderBy, take, skip }: Range,
): Promise<Row[]> {
  const [first, second] = ORDERS[orderBy]
  const whereFirst = { AND: [where, first.where ?? {}] }
  const found = await prisma.attempt.findMany({ where: whereFirst, orderBy: first.orderBy, take, skip })
  if (second === undefined || found.length === take) return found
  const skipped = skip + found.length - (await prisma.attempt.count({ where: whereFirst }))
  const rest = await prisma.attempt.findMany({
    where: { AND: [where, second.where ?? {}] },
    orderBy: second.orderBy,
    take: take - found.length,
    skip: Math.max(0, skipped),
  })
  return [...found, ...rest]
}

async function readCount(prisma: PrismaClient, endpointId: number): Promise<number> {
  const { _sum } = await prisma.attemptCount.aggregate({ where: { endpointId }, _sum: { count: true } })
  return Number(_sum.count ?? 0)
}

async function requireEndpoint(prisma: PrismaClient, endpointId: string): Promise<number> {
  const id = parseEndpointId(endpointId)
  const isKnown = id && (await prisma.endpoint.count({ where: { id, deletedAt: null } })) > 0
  if (!isKnown) throw endpointNotFound(endpointId)
  return id
}

/** @throws Error when there is no such attempt */
export async function readAttempt(
  prisma: PrismaClient,
  key: { id: bigint; eventId: bigint },
): Promise<Attempt> {
  const row = await prisma.attempt.findUniqueOrThrow({ where: { id_eventId: key } })
  const [attempt] = await withEvents(prisma, [row])
  if (attempt === undefined) throw new Error('The event of an attempt was removed')
  return attempt
}

/** Attempts whose event was removed in this moment are left out. */
async function withEvents(prisma: PrismaClient, rows: Row[]): Promise<Attempt[]> {
  const ids = [...new Set(rows.map(({ eventId }) => eventId))]
  const events = await prisma.event.findMany({ where: { id: { in: ids } } })
  const byId = new Map(events.map((event) => [event.id, event]))
  return rows.flatMap((row) => {
    const event = byId.get(row.eventId)
    return event === undefined ? [] : [{ ...row, event }]
  })
}

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

interface OrderPart {
  where?: Prisma.AttemptWhereInput
  orderBy: Prisma.AttemptOrderByWithRelationInput[]
}

const oldestFirst = [{ createdAt: 'asc' }, { id: 'asc' }] satisfies OrderPart['orderBy']
const newestFirst = [{ createdAt: 'desc' }, { id: 'desc' }] satisfies OrderPart['orderBy']
const hasRetry = { nextRetryAt: { not: null } }
const hasNoRetry = { nextRetryAt: null }

/**
 * Each part of an order is served by an index. As usual in PostgreSQL, null instants are last in ascending order and first in
 * descending.
 */
const ORDERS: Record<AttemptOrder, [OrderPart, OrderPart?]> = {
  CREATED_AT_ASC: [{ orderBy: oldestFirst }],
  CREATED_AT_DESC: [{ orderBy: newestFirst }],
  SENT_AT_ASC: [{ orderBy: [{ sentAt: 'asc' }, { id: 'asc' }] }],
  SENT_AT_DESC: [{ orderBy: [{ sentAt: 'desc' }, { id: 'desc' }] }],
  NEXT_RETRY_ASC: [
    { where: hasRetry, orderBy: [{ nextRetryAt: 'asc' }, { id: 'asc' }] },
    { where: hasNoRetry, orderBy: oldestFirst },
  ],
  NEXT_RETRY_DESC: [
    { where: hasNoRetry, orderBy: newestFirst },
    { where: hasRetry, orderBy: [{ nextRetryAt: 'desc' }, { id: 'desc' }] },
  ],
}
