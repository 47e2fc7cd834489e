import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Query, Statement } from '../query'
import type { ProbedServer } from './probe'
import { ServerPool, TransactionPool } from './server-pool'

/** @param max the most connections at a time */
export function openPool({ access }: ProbedServer, max: number, log: Logger): ServerPool {
  const pool =
    access.settingsBy === 'transaction' ? new TransactionPool(access, max) : new ServerPool(access, max)
  pool.on('error', (error: Error & { client?: unknown }) => {
    // pg hangs the client on the error, and the client holds what was configured, such as the passphrase of a key.
    delete error.client
    log.warn({ err: error }, 'an idle connection to the database was lost')
  })
  return pool
}

export const poolQuery =
  (pool: Pool): Query =>
  async <Row>(statement: Statement) =>
    (await pool.query(statement)).rows as Row[]

/** See AsyncCommitTransaction. When a transaction fails, its connection is closed, and the server rolls back. */
export async function asyncCommitTransaction<Result>(
  pool: ServerPool,
  act: (query: Query) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connectFor('claims')
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

/** Prisma on these connections, with prepared statements where the connections keep them. */
export const prismaAdapter = (pool: Pool, { access, schema }: ProbedServer): PrismaPg =>
  new PrismaPg(pool, {
    schema,
    ...(access.settingsBy !== 'transaction' && { statementNameGenerator }),
  })

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
