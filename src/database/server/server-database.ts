import type { Logger } from 'pino'
import { PrismaClient } from '../../generated/prisma/client'
import type { Database } from '../database'
import { serverNotifications } from '../notifications'
import { asyncCommitTransaction, poolQuery, prismaAdapter, serverPool } from './connections'
import { bringServerUpToDate } from './migration-target'

/**
 * Connects to a PostgreSQL server and brings its database up to date.
 *
 * @param stopping aborted = give up waiting
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function openServerDatabase(
  databaseUrl: string,
  log: Logger,
  stopping?: AbortSignal,
): Promise<Database> {
  await bringServerUpToDate(databaseUrl, log, stopping)
  const pool = serverPool(databaseUrl, log)
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool) })
  const notifications = serverNotifications(databaseUrl, prisma, log)
  return {
    prisma,
    query: poolQuery(pool),
    asyncCommitTransaction: (act) => asyncCommitTransaction(pool, act),
    notifications,
    vacuum: async () => undefined,
    // A server recovers from a crash by itself.
    crashed: new Promise(() => undefined),
    async close() {
      await notifications.close()
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
