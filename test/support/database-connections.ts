import { Client } from 'pg'
import type { TestDatabase } from './gateway'

/** A connection of the test's own to a database on a server. */
export async function connectTo({ env }: TestDatabase): Promise<Client> {
  const client = new Client({ connectionString: env.DATABASE_URL })
  // A test that has failed ends with its connections open, and its database is removed. Statements under way still fail.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export interface ConnectionCount {
  /** how many connections to the database are open just now */
  read(): Promise<number>
  end(): Promise<void>
}

/** Counts the connections to a test's database, by one to another; undefined where it is embedded and has none. */
export async function countConnections({ env }: TestDatabase): Promise<ConnectionCount | undefined> {
  const server = process.env.TEST_DATABASE_URL
  if (server === undefined || env.DATABASE_URL === undefined) return undefined
  const name = new URL(env.DATABASE_URL).pathname.slice(1)
  const client = new Client({ connectionString: server })
  await client.connect()
  return {
    async read() {
      const { rows } = await client.query(
        `SELECT count(*)::integer AS count FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend'`,
        [name],
      )
      return rows[0].count
    },
    end: () => client.end(),
  }
}
