import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { type ClientConfig, Pool } from 'pg'
import type { Logger } from 'pino'
import type { Query, Statement } from '../query'

const CONNECTIONS = 10
/** A database that does not answer within this time counts as away. */
const ANSWER_WITHIN_MS = 10_000

/** Options of every connection to a PostgreSQL server. */
export const connectionOptions = (connectionString: string) =>
  ({
    connectionString,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    keepAlive: true,
    // Without this limit, a process whose machine vanishes between two statements would lock the endpoints of its claim
    // until the server's TCP gives the connection up, hours later.
    idle_in_transaction_session_timeout: ANSWER_WITHIN_MS,
    application_name: 'hookgate',
  }) satisfies ClientConfig

/** Pooled connections to a PostgreSQL server. */
export function serverPool(connectionString: string, log: Logger): Pool {
  const pool = new Pool({
    ...connectionOptions(connectionString),
    max: CONNECTIONS,
    query_timeout: ANSWER_WITHIN_MS,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle connection to the database was lost'))
  return pool
}

export const poolQuery =
  (pool: Pool): Query =>
  async <Row>(statement: Statement) =>
    (await pool.query(statement)).rows as Row[]

/** See AsyncCommitTransaction. When a transaction fails, its connection is closed, and the server rolls back. */
export async function asyncCommitTransaction<Result>(
  pool: Pool,
  act: (query: Query) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  // A connection may break between two statements. Without a listener, its error event would end the process.
  const onError = () => undefined
  client.on('error', onError)
  let isCommitted = false
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = off')
    const result = await act(async (statement) => (await client.query(statement)).rows)
    await client.query('COMMIT')
    isCommitted = true
    return result
  } finally {
    client.off('error', onError)
    client.release(!isCommitted)
  }
}

/** Prisma on these connections, with prepared statements. */
export const prismaAdapter = (pool: Pool): PrismaPg => new PrismaPg(pool, { statementNameGenerator })

const STATEMENTS_MAX = 1_000
const statementNames = new Map<string, string>()

/** Statements of the same text share a prepared plan on each connection. */
function statementNameGenerator({ sql }: { sql: string }): string {
  const known = statementNames.get(sql)
  if (known !== undefined) return known
  const name = createHash('sha1').update(sql).digest('base64url')
  // The gateway has a few dozen texts. Past the limit, names are computed each time instead of growing the map.
  if (statementNames.size < STATEMENTS_MAX) statementNames.set(sql, name)
  return name
}
