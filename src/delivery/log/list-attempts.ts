import { endpointNotFound } from '../../failure'
import { Prisma, type PrismaClient } from '../../generated/prisma/client'
import { parseEndpointId } from '../../identifiers'
import { instantText } from '../../keyset-page'
import { pageRange } from '../../page-range'
import { type AttemptFilter, isPlain, matches, validateAttemptFilter } from './attempt-filter'
import { ATTEMPT_COLUMNS, type Attempt, type AttemptRow, attemptOf } from './attempts'

export enum AttemptOrder {
  CREATED_AT_ASC = 'CREATED_AT_ASC',
  CREATED_AT_DESC = 'CREATED_AT_DESC',
  SENT_AT_ASC = 'SENT_AT_ASC',
  SENT_AT_DESC = 'SENT_AT_DESC',
  NEXT_RETRY_ASC = 'NEXT_RETRY_ASC',
  NEXT_RETRY_DESC = 'NEXT_RETRY_DESC',
}

/** A part of the list. Null and undefined mean the default. */
export interface AttemptSlice {
  orderBy?: AttemptOrder | null
  limit?: number | null
  offset?: number | null
}

/**
 * The attempts of an endpoint in any order, with their number. Without conditions the number is read from a counter, so that a page
 * costs the same however many attempts are on record.
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
  const { take, skip } = pageRange({ limit, offset }, validateAttemptFilter(filter))
  const id = await requireEndpoint(prisma, endpointId)
  const where = Prisma.sql`
    attempt.endpoint_id = ${id} AND ${matches(filter)}
    AND attempt.created_at >= ${instantText(filter.since) ?? '-infinity'}::timestamptz
    AND attempt.created_at < ${instantText(filter.until) ?? 'infinity'}::timestamptz`
  const isWhole = isPlain(filter) && filter.since == null && filter.until == null
  const [totalCount, nodes] = await Promise.all([
    isWhole ? readCount(prisma, id) : count(prisma, where),
    findInOrder(prisma, where, { orderBy: orderBy ?? AttemptOrder.CREATED_AT_DESC, take, skip }),
  ])
  return { totalCount, nodes }
}

interface Range {
  orderBy: AttemptOrder
  take: number
  skip: number
}

/** An order may have two parts, one after the other, each served by an index. */
async function findInOrder(
  prisma: PrismaClient,
  where: Prisma.Sql,
  { orderBy, take, skip }: Range,
): Promise<Attempt[]> {
  const [first, second] = ORDERS[orderBy]
  const whereFirst = Prisma.sql`${where} AND ${first.where}`
  const found = await find(prisma, whereFirst, { order: first.order, take, skip })
  if (second === undefined || found.length === take) return found
  const skipped = skip + found.length - (await count(prisma, whereFirst))
  const rest = await find(prisma, Prisma.sql`${where} AND ${second.where}`, {
    order: second.order,
    take: take - found.length,
    skip: Math.max(0, skipped),
  })
  return [...found, ...rest]
}

async function find(
  prisma: PrismaClient,
  where: Prisma.Sql,
  { order, take, skip }: { order: Prisma.Sql; take: number; skip: number },
): Promise<Attempt[]> {
  const rows = await prisma.$queryRaw<AttemptRow[]>`
    SELECT ${ATTEMPT_COLUMNS} FROM attempts attempt WHERE ${where} ORDER BY ${order} LIMIT ${take}::integer OFFSET ${skip}::integer`
  return rows.map(attemptOf)
}

async function count(prisma: PrismaClient, where: Prisma.Sql): Promise<number> {
  const [row] = await prisma.$queryRaw<{ count: number }[]>`
    SELECT count(*)::integer AS count FROM attempts attempt WHERE ${where}`
  return row?.count ?? 0
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

interface OrderPart {
  where: Prisma.Sql
  order: Prisma.Sql
}

const oldestFirst = Prisma.sql`attempt.created_at, attempt.id`
const newestFirst = Prisma.sql`attempt.created_at DESC, attempt.id DESC`
const every = Prisma.sql`true`
const hasRetry = Prisma.sql`attempt.next_retry_at IS NOT NULL`
const hasNoRetry = Prisma.sql`attempt.next_retry_at IS NULL`

/**
 * Each part of an order is served by an index. As usual in PostgreSQL, null instants are last in ascending order and first in
 * descending.
 */
const ORDERS: Record<AttemptOrder, [OrderPart, OrderPart?]> = {
  CREATED_AT_ASC: [{ where: every, order: oldestFirst }],
  CREATED_AT_DESC: [{ where: every, order: newestFirst }],
  SENT_AT_ASC: [{ where: every, order: Prisma.sql`attempt.sent_at, attempt.id` }],
  SENT_AT_DESC: [{ where: every, order: Prisma.sql`attempt.sent_at DESC, attempt.id DESC` }],
  NEXT_RETRY_ASC: [
    { where: hasRetry, order: Prisma.sql`attempt.next_retry_at, attempt.id` },
    { where: hasNoRetry, order: oldestFirst },
  ],
  NEXT_RETRY_DESC: [
    { where: hasNoRetry, order: newestFirst },
    { where: hasRetry, order: Prisma.sql`attempt.next_retry_at DESC, attempt.id DESC` },
  ],
}
