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
 * @param stopping aborted = give up waiting for a server or for another process's migrations
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function openDatabase(
  { database, dataDir }: DatabaseLocation,
  log: Logger,
  stopping?: AbortSignal,
): Promise<Database> {
  if (database.url !== undefined) return openServerDatabase({ ...database, url: database.url }, log, stopping)
  // A process with a server does not load the embedded PostgreSQL.
  const { openEmbeddedDatabase } = await import('./embedded/embedded-database.js')
  return openEmbeddedDatabase(dataDir, log)
}
