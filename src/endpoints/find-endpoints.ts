import { type Query, statement } from '../database/query'
import { Prisma } from '../generated/prisma/client'
import { parseEndpointId } from '../identifiers'
import { pageRange } from '../page-range'
import { validateText } from '../validate-text'
import { type Endpoint, type EndpointJson, EndpointOrder, type EndpointsCore, fromJson } from './endpoint'

/** Every condition given must hold. */
export interface EndpointFilter {
  /** part of the target, in any case */
  targetContains?: string | null
  isActive?: boolean | null
  eventType?: string | null
}

/** Which part of the list; null and undefined mean the default. */
export interface EndpointSlice {
  orderBy?: EndpointOrder | null
  limit?: number | null
  offset?: number | null
}

export interface EndpointPage {
  totalCount: number
  nodes: Endpoint[]
}

export const WITH_EVENT_TYPES = { events: { orderBy: { type: 'asc' } } } satisfies Prisma.EndpointInclude

/**
 * One endpoint; undefined = unknown or deleted.
 *
 * @param id as the caller sent it
 */
export async function findEndpoint(
  { readEndpoint }: EndpointsCore,
  id: string,
): Promise<Endpoint | undefined> {
  const endpointId = parseEndpointId(id)
  return endpointId === undefined ? undefined : readEndpoint(endpointId)
}

/** Endpoints by id, read in one statement, so that all are of the same moment. Deleted ones are left out. */
export async function readEndpoints(query: Query, ids: readonly number[]): Promise<Map<number, Endpoint>> {
  const rows = await query<{ endpoint: EndpointJson }>(
    statement(
      'read_endpoints',
      Prisma.sql`
        SELECT endpoint_json(endpoint) AS endpoint FROM endpoints endpoint
        WHERE id = ANY (${ids}::integer[]) AND deleted_at IS NULL`,
    ),
  )
  return new Map(rows.map(({ endpoint }) => [endpoint.id, fromJson(endpoint)]))
}

/** The endpoints that deliveries go to, by id, deleted ones included. */
export async function readReceivers(
  { prisma }: EndpointsCore,
  ids: readonly number[],
): Promise<Map<number, Endpoint>> {
  const endpoints = await prisma.endpoint.findMany({
    where: { id: { in: [...ids] } },
    include: WITH_EVENT_TYPES,
  })
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
}

/** @throws Failure `validation_failed` */
export async function listEndpoints(
  { prisma }: EndpointsCore,
  filter: EndpointFilter,
  { orderBy, limit, offset }: EndpointSlice,
): Promise<EndpointPage> {
  const { take, skip } = pageRange({ limit, offset }, [
    ...validateText(filter.targetContains ?? '', ['filter', 'targetContains']),
    ...validateText(filter.eventType ?? '', ['filter', 'eventType']),
  ])
  const where: Prisma.EndpointWhereInput = {
    deletedAt: null,
    target: filter.targetContains
      ? { contains: escapeLike(filter.targetContains), mode: 'insensitive' }
      : undefined,
    isActive: filter.isActive ?? undefined,
    events: filter.eventType ? { some: { type: filter.eventType } } : undefined,
  }
  const [totalCount, nodes] = await Promise.all([
    prisma.endpoint.count({ where }),
    prisma.endpoint.findMany({
      where,
      orderBy: ORDER_BY[orderBy ?? EndpointOrder.CREATED_AT_DESC],
      take,
      skip,
      include: WITH_EVENT_TYPES,
    }),
  ])
  return { totalCount, nodes }
}

/** Ties are broken by id, so that pages never overlap. */
const ORDER_BY = {
  CREATED_AT_ASC: [{ createdAt: 'asc' }, { id: 'asc' }],
  CREATED_AT_DESC: [{ createdAt: 'desc' }, { id: 'desc' }],
  UPDATED_AT_ASC: [{ updatedAt: 'asc' }, { id: 'asc' }],
  UPDATED_AT_DESC: [{ updatedAt: 'desc' }, { id: 'desc' }],
  IS_ACTIVE_ASC: [{ isActive: 'asc' }, { id: 'asc' }],
  IS_ACTIVE_DESC: [{ isActive: 'desc' }, { id: 'desc' }],
} satisfies Record<EndpointOrder, Prisma.EndpointOrderByWithRelationInput[]>

/** Escapes the wildcards of LIKE. */
const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')
