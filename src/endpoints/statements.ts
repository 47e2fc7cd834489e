import type { Query } from '../database/query'
import type { PrismaClient } from '../generated/prisma/client'
import type { Endpoint } from './endpoint'

/** New values by field; undefined keeps what is stored. */
export interface EndpointChange {
  target?: string
  description?: string
  isActive?: boolean
  sslCertVerification?: boolean
  eventTypes?: string[]
  expectedVersion?: number
}

/** `unchanged`: nothing was written; `conflict`: another version than the expected one is stored. */
export interface EndpointUpdate {
  outcome: 'changed' | 'unchanged' | 'conflict'
  endpoint: Endpoint
}

/** An endpoint as the SQL function endpoint_document prints it: instants are texts. */
type EndpointDocument = Omit<Endpoint, 'createdAt' | 'updatedAt' | 'events'> & {
  createdAt: string
  updatedAt: string
  events: { type: string; addedAt: string }[]
}

const SELECT = {
  name: 'select_endpoints',
  text: `
    SELECT endpoint_document(endpoint, (
      SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
      FROM endpoint_events WHERE endpoint_id = endpoint.id
    )) AS endpoint
    FROM endpoints endpoint WHERE id = ANY ($1::integer[]) AND deleted_at IS NULL`,
}

const UPDATE = {
  name: 'update_endpoint',
  text: `
    SELECT update_endpoint(
      $1::integer, $2::integer, $3::text, $4::text, $5::boolean, $6::boolean, $7::text[]
    ) AS update`,
}

/** Endpoints with their events by id, read in one statement: all are of the same moment. */
export async function selectEndpoints(query: Query, ids: number[]): Promise<Map<number, Endpoint>> {
  const rows = await query<{ endpoint: EndpointDocument }>(SELECT, [ids])
  return new Map(rows.map(({ endpoint }) => [endpoint.id, fromDocument(endpoint)]))
}

/**
 * Changes one endpoint in one statement. Undefined when it does not exist.
 *
 * Invariant (kept by the SQL function update_endpoint, where it is explained): of two calls at once the second sees
 * what the first wrote, only the fields given are written, and the version rises by one per effective change.
 */
export async function updateEndpoint(
  query: Query,
  id: number,
  change: EndpointChange,
): Promise<EndpointUpdate | undefined> {
  const { expectedVersion, target, description, isActive, sslCertVerification, eventTypes } = change
  const [row] = await query<{
    update: { outcome: EndpointUpdate['outcome']; endpoint: EndpointDocument } | null
  }>(UPDATE, [id, expectedVersion, target, description, isActive, sslCertVerification, eventTypes])
  if (!row?.update) return undefined
  return { outcome: row.update.outcome, endpoint: fromDocument(row.update.endpoint) }
}

/** Deletes one endpoint in one statement; see the SQL function delete_endpoint. Undefined when it does not exist. */
export async function deleteEndpoint(
  prisma: PrismaClient,
  id: number,
  expectedVersion: number | undefined,
): Promise<{ outcome: 'deleted' | 'conflict'; endpoint: Endpoint } | undefined> {
  const [row] = await prisma.$queryRaw<
    { deletion: { outcome: 'deleted' | 'conflict'; endpoint: EndpointDocument } | null }[]
  >`SELECT delete_endpoint(${id}::integer, ${expectedVersion ?? null}::integer) AS deletion`
  if (!row?.deletion) return undefined
  return { outcome: row.deletion.outcome, endpoint: fromDocument(row.deletion.endpoint) }
}

/**
 * Switches an endpoint off on behalf of its receiver, unless it was given another target meanwhile.
 *
 * @param reason what the admin is told
 */
export async function disableEndpoint(
  prisma: PrismaClient,
  id: number,
  target: string,
  reason: string,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE endpoints
    SET is_active = false, disabled_reason = ${reason}, version = version + 1,
      updated_at = greatest(clock_timestamp(), updated_at)
    WHERE id = ${id} AND target = ${target} AND is_active AND deleted_at IS NULL`
}

/** The condition for `LIKE` that finds a text as it stands, its wildcards taken literally. */
export const likeLiterally = (text: string) => text.replace(/[\\%_]/g, '\\$&')

function fromDocument(document: EndpointDocument): Endpoint {
  return {
    ...document,
    createdAt: new Date(document.createdAt),
    updatedAt: new Date(document.updatedAt),
    events: document.events.map(({ type, addedAt }) => ({ type, addedAt: new Date(addedAt) })),
  }
}
