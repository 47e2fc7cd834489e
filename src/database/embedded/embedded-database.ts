import type { PGlite, Transaction } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import type { Logger } from 'pino'
import { PrismaClient } from '../../generated/prisma/client'
import type { Database } from '../database'
import { bringUpToDate, logApplied } from '../migrations/bring-up-to-date'
import { DatabaseProblem } from '../migrations/database-problem'
import { localNotifications } from '../notifications'
import type { Query } from '../query'
import { requireWritable, WRITABLE_QUERY, type WritableRow } from '../readiness'
import { isDatabaseUnavailable } from '../unavailable'
import { embeddedMigrationTarget, openEmbedded } from './embedded'
import { lockFolder } from './folder-lock'

/**
 * Opens the embedded database of a data folder and brings it up to date. The folder stays locked until the database is closed.
 *
 * @throws Error with a message for the operator
 */
export async function openEmbeddedDatabase(dataDir: string, log: Logger): Promise<Database> {
  const lock = await lockFolder(dataDir)
  try {
    const { pglite, panic } = await openEmbedded(dataDir)
    try {
      logApplied(await bringUpToDate(embeddedMigrationTarget(pglite)), log)
    } catch (error) {
      await pglite.close().catch(() => undefined)
      throw error
    }
    const prisma = new PrismaClient({ adapter: new PrismaPGlite(pglite) })
    return {
      prisma,
      query: queryOn(pglite),
      asyncCommitTransaction: (act) => pglite.transaction((transaction) => act(queryOn(transaction))),
      notifications: localNotifications(),
      async checkWritable() {
        const [row] = await queryOn(pglite)<WritableRow>(WRITABLE_QUERY)
        requireWritable(row)
      },
      async vacuum() {
        await pglite.exec('VACUUM queue, lanes, lane_wakes, attempt_counts, idempotency_keys, endpoints')
      },
      crashed: panic.then((error) => crashMessage(error, dataDir)),
      async close() {
        await prisma.$disconnect()
        await pglite.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    if (isDatabaseUnavailable(error)) throw crashMessage(error, dataDir)
    if (!(error instanceof DatabaseProblem)) throw error
    throw new Error(
      `The embedded database in ${dataDir} ${error.problem}: move the folder away, or set HOOKGATE_DATA_DIR to another one.`,
      { cause: error },
    )
  }
}

const queryOn =
  (database: PGlite | Transaction): Query =>
  async <Row>({ text, values }: { text: string; values: unknown[] }) =>
    (await database.query<Row>(text, values)).rows

function crashMessage(error: unknown, dataDir: string): Error {
  const { message } = error as Error
  return new Error(
    `The embedded database in ${dataDir} has crashed: ${message}. Nothing that was acknowledged is lost: make room on the disk, and start again.`,
    { cause: error },
  )
}
