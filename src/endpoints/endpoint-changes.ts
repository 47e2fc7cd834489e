import { type Query, statement } from '../database/query'
import { SharedStatements } from '../database/shared-statements'
import { Prisma } from '../generated/prisma/client'
import type { ChangeEndpoint, ChangeResult, EndpointChange } from './endpoint'

/** How many statements change endpoints at a time. A change that arrives while so many run waits for the next one. */
const STATEMENTS_AT_ONCE = 2
/** A statement keeps its rows locked until the last of its changes is made. */
const CHANGES_MAX = 25

/**
 * Changes that arrive together share a statement and its commit. An endpoint that somebody else has locked is left out of it, and
 * waits in a statement of its own, so that it keeps nobody waiting.
 */
export function endpointChanges(query: Query): ChangeEndpoint {
  const alone: ChangeEndpoint = async ({ endpointId, ...change }) => {
    const [row] = await query<{ result: ChangeResult }>(
      statement(
        'update_endpoint',
        Prisma.sql`SELECT update_endpoint(${endpointId}::integer, ${JSON.stringify(change)}::jsonb) AS result`,
      ),
    )
    return row?.result ?? null
  }
  const together = async (changes: EndpointChange[]) => {
    const rows = await query<{ result: ChangeResult }>(
      statement(
        'update_endpoints',
        Prisma.sql`SELECT update_endpoints(${JSON.stringify(changes)}::jsonb) AS result`,
      ),
    )
    return rows.map(({ result }) => result ?? undefined)
  }
  const shared = new SharedStatements({ alone, together, atOnce: STATEMENTS_AT_ONCE, most: CHANGES_MAX })
  return (change) => shared.run(change)
}
