import type { Logger } from 'pino'
import type { Database } from './database'
import { openServerDatabase } from './server/server-database'

/** Where the database is. */
export interface DatabaseLocation {
  /** undefined = embedded, in `dataDir` */
  databaseUrl: string | undefined
  dataDir: string
}

/**
 * Opens the database and brings it up to date.
 *
 * @throws Error with a message for the operator
 */
export async function openDatabase(
  { databaseUrl, dataDir }: DatabaseLocation,
  log: Logger,
): Promise<Database> {
  if (databaseUrl !== undefined) return openServerDatabase(databaseUrl, log)
  // A process with a server does not load the embedded PostgreSQL.
  const { openEmbeddedDatabase } = await import('./embedded/embedded-database.js')
  return openEmbeddedDatabase(dataDir, log)
}
