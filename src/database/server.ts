import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { Client, Pool } from 'pg'
import type { Logger } from 'pino'
import { MIGRATION_LOCK, type WithMigrationLock } from './migrations/migrations'
import type { Query } from './query'

const CONNECTIONS = 10
/** A database that does not answer within this is away: a caller hears so instead of waiting for ever. */
const ANSWER_WITHIN_MS = 10_000

/** Pooled connections to a PostgreSQL server. */
export function serverPool(connectionString: string, log: Logger): Pool {
  const pool = new Pool({
    ...connection(connectionString),
    max: CONNECTIONS,
    query_timeout: ANSWER_WITHIN_MS,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle connection to the database was lost'))
  return pool
}

/** See VolatileTransaction. One that fails takes its connection along, and the server undoes it. */
export async function volatileTransaction<Result>(
  pool: Pool,
  act: (query: Query) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  // A connection that breaks between two statements tells nobody else, and an error that nobody hears ends the process.
  const onError = () => undefined
  client.on('error', onError)
  let isWhole = false
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = off')
    const result = await act(async (statement, values) => (await client.query({ ...statement, values })).rows)
    await client.query('COMMIT')
    isWhole = true
    return result
  } finally {
    client.off('error', onError)
    client.release(!isWhole)
  }
}

/** Prisma on these connections, with prepared statements. */
export const serverAdapter = (pool: Pool): PrismaPg => new PrismaPg(pool, { statementNameGenerator })

/**
 * The same server for the schema engine. Migrations take the time they need, and a script goes to PostgreSQL whole,
 * as the native engine sends it: the adapter would cut it at every semicolon, those of functions included.
 */
export function migrationAdapter(connectionString: string): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg({ ...connection(connectionString), max: 2 })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      const adapter = await factory.connect()
      adapter.executeScript = async (script) => {
        // Its own way to report an error, without which the engine could not tell what PostgreSQL said.
        const { onError } = adapter as unknown as { onError(error: unknown): never }
        await adapter.underlyingDriver().query(script).catch(onError)
      }
      return adapter
    },
  }
}

/** Replicas that start on one database take turns: an advisory lock of a connection of its own. */
export function migrationLock(connectionString: string): WithMigrationLock {
  return async (act) => {
    const client = new Client(connection(connectionString))
    await client.connect()
    try {
      await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
      await act()
    } finally {
      await client.end()
    }
  }
}

const connection = (connectionString: string) => ({
  connectionString,
  connectionTimeoutMillis: ANSWER_WITHIN_MS,
  keepAlive: true,
  // A process whose machine vanished between two statements would hold the endpoints of its claim for hours: until
  // the server's TCP gives the connection up.
  idle_in_transaction_session_timeout: ANSWER_WITHIN_MS,
  application_name: 'hookgate',
})

const STATEMENTS_MAX = 1_000
const statementNames = new Map<string, string>()

/** Statements of the same text share a prepared plan on each connection. */
function statementNameGenerator({ sql }: { sql: string }): string {
  const known = statementNames.get(sql)
  if (known !== undefined) return known
  const name = createHash('sha1').update(sql).digest('base64url')
  // Past this many texts (there are a few dozen) they are hashed anew rather than kept for ever.
  if (statementNames.size < STATEMENTS_MAX) statementNames.set(sql, name)
  return name
}
