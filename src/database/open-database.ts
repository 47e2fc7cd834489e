import type { Logger } from 'pino'
import type { Database } from './database'
import type { DatabaseConfig } from './database-config'
import { openServerDatabase } from './server/server-database'

/** Where the database is. */
export interface DatabaseLocation {
  database: DatabaseConfig
  /** the folder of the embedded database */
  dataDir: string
}

/**
 * Opens the database and brings it up to date.
 *
 * @throws Error with a message for the operator
 */
export async function openDatabase({ database, dataDir }: DatabaseLocation, log: Logger): Promise<Database> {
  if (database.url !== undefined) return openServerDatabase({ ...database, url: database.url }, log)
  // A process with a server does not load the embedded PostgreSQL.
  const { openEmbeddedDatabase } = await import('./embedded/embedded-database.js')
  return openEmbeddedDatabase(dataDir, log)
}
