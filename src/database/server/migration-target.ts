import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { Client } from 'pg'
import { MIGRATION_LOCK, type MigrationTarget } from '../migrations/bring-up-to-date'
import { connectionOptions } from './connections'

/** A PostgreSQL server, to be brought up to date. */
export function migrationTarget(connectionString: string): MigrationTarget {
  const withClient = async (act: (client: Client) => Promise<unknown>) => {
    const client = new Client(connectionOptions(connectionString))
    await client.connect()
    try {
      await act(client)
    } finally {
      await client.end()
    }
  }
  return {
    adapterFactory: migrationAdapter(connectionString),
    withLock: (act) =>
      withClient(async (client) => {
        await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
        await act()
      }),
    runScript: (script) => withClient((client) => client.query(script)),
  }
}

/**
 * Prisma's adapter for the schema engine, with two changes: no time limit, and each script goes to PostgreSQL whole, as the
 * native engine sends it. The adapter itself cuts a script at every semicolon.
 */
function migrationAdapter(connectionString: string): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg({ ...connectionOptions(connectionString), max: 2 })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      const adapter = await factory.connect()
      adapter.executeScript = async (script) => {
        // The adapter's own error conversion: from it the engine learns what PostgreSQL reported.
        const { onError } = adapter as unknown as { onError(error: unknown): never }
        await adapter.underlyingDriver().query(script).catch(onError)
      }
      return adapter
    },
  }
}
