import type { PrismaClient } from '../generated/prisma/client'
import type { WorkerNotifications } from './notifications'
import type { AsyncCommitTransaction, Query } from './query'

/** The database of this process, embedded or a server: the same schema, migrations and SQL. */
export interface Database {
  prisma: PrismaClient
  query: Query
  asyncCommitTransaction: AsyncCommitTransaction
  notifications: WorkerNotifications
  /**
   * Resolves when the database can be written to.
   *
   * @throws NotReadyError
   */
  checkWritable(): Promise<void>
  /** Removes dead rows where no autovacuum does: on the embedded database. */
  vacuum(): Promise<void>
  /** Resolves with a message for the operator when the embedded database has crashed. The process must end then. */
  crashed: Promise<Error>
  close(): Promise<void>
}
