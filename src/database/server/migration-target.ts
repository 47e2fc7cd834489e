import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { MIGRATION_LOCK, type MigrationTarget } from '../migrations/bring-up-to-date'
import type { ProbedServer } from './probe'
import { connectClient, type ServerAccess, type ServerClient } from './server-client'
import { ServerPool, TransactionPool } from './server-pool'
import { quoteIdentifier, WITHOUT_LIMITS } from './session-settings'

/** Prisma's schema engine runs one statement at a time, and reads the schema on another connection. */
const ENGINE_CONNECTIONS = 2

/** A PostgreSQL server, to be brought up to date. Uses three connections at most: one for the lock, two of the engine. */
export function migrationTarget({ access, schema }: ProbedServer): MigrationTarget {
  const unlimited = { ...access, settings: { ...access.settings, ...WITHOUT_LIMITS } }
  const { factory, closePools } = migrationAdapter(unlimited, schema)
  return {
    schema,
    adapterFactory: factory,
    withLock: (act) =>
      withTransaction(unlimited, async (client) => {
        // The lock of a transaction holds behind any pooler.
        await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
        await createSchema(unlimited, schema)
        await act().finally(closePools)
      }),
    runScript: (script) => withTransaction(unlimited, (client) => client.query(script)),
  }
}

async function withTransaction(
  access: ServerAccess,
  act: (client: ServerClient) => Promise<unknown>,
): Promise<void> {
  const client = await connectClient(access, 'hookgate migration')
  try {
    await client.query('BEGIN')
    await act(client)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

/** Creates the schema of the tables where it is missing. CREATE SCHEMA IF NOT EXISTS wants the right even where it exists. */
async function createSchema(access: ServerAccess, schema: string): Promise<void> {
  await withTransaction(access, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
    if (rowCount === 0) await client.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`)
  })
}

/**
 * Prisma's adapter for the schema engine, with three changes. There is no time limit. Each script goes to PostgreSQL whole, as the
 * native engine sends it; the adapter itself cuts a script at every semicolon. Behind a pooler, the engine's own lock is left
 * out: the lock would stay on a connection that nobody knows, and the lock of `withLock` is held by then.
 */
function migrationAdapter(access: ServerAccess, schema: string) {
  const Connections = access.settingsBy === 'transaction' ? TransactionPool : ServerPool
  // The engine does not close what it opens.
  const pools = new Set<ServerPool>()
  const close = async (pool: ServerPool) => {
    if (pools.delete(pool)) await pool.end()
  }
  const { provider, adapterName } = new PrismaPg({})
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider,
    adapterName,
    connectToShadowDb: () => Promise.reject(new Error('Migrations are applied without a shadow database')),
    async connect() {
      const pool = new Connections(access, ENGINE_CONNECTIONS)
      pools.add(pool)
      const adapter = await new PrismaPg(pool, { schema }).connect()
      adapter.dispose = () => close(pool)
      adapter.executeScript = async (script) => {
        // The adapter's own error conversion: from it the engine learns what PostgreSQL reported.
        const { onError } = adapter as unknown as { onError(error: unknown): never }
        await adapter.underlyingDriver().query(script).catch(onError)
      }
      if (access.settingsBy === 'transaction') {
        const queryRaw = adapter.queryRaw.bind(adapter)
        adapter.queryRaw = async (query) =>
          ENGINE_LOCK.test(query.sql) ? { columnNames: [], columnTypes: [], rows: [] } : queryRaw(query)
      }
      return adapter
    },
  }
  const closePools = async () => {
    await Promise.all([...pools].map(close))
  }
  return { factory, closePools }
}

const ENGINE_LOCK = /^\s*SELECT pg_advisory_lock\(\d+\)/i
