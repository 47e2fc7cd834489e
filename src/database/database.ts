import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { Logger } from 'pino'
import { PrismaClient } from '../generated/prisma/client'
import { lockFolder } from './embedded/folder-lock'
import { applyMigrations, type WithMigrationLock } from './migrations/migrations'
import { localNotifications, serverNotifications, type WorkerNotifications } from './notifications'
import type { Query, Statement, VolatileTransaction } from './query'
import { migrationAdapter, migrationLock, serverAdapter, serverPool, volatileTransaction } from './server'
import { isDatabaseUnavailable } from './unavailable'

/** The database that this process works on, embedded or a server: the same schema, migrations and SQL. */
export interface Database {
  prisma: PrismaClient
  query: Query
  volatileTransaction: VolatileTransaction
  notifications: WorkerNotifications
  /** Clears away what changes have left behind, where nothing does so by itself: the embedded one has no autovacuum. */
  vacuum(): Promise<void>
  /** Resolves, in words for the operator, when the embedded database has crashed: this process is of no use any more. */
  crashed: Promise<Error>
  close(): Promise<void>
}

/** Where the database is: the server named, else embedded in the data folder. */
export interface DatabaseLocation {
  databaseUrl: string | undefined
  dataDir: string
}

/**
 * Opens the database and brings it up to date.
 *
 * @throws Error in words for the operator
 */
export async function openDatabase(
  { databaseUrl, dataDir }: DatabaseLocation,
  log: Logger,
): Promise<Database> {
  return databaseUrl === undefined ? openInFolder(dataDir, log) : openOnServer(databaseUrl, log)
}

async function openInFolder(dataDir: string, log: Logger): Promise<Database> {
  const lock = await lockFolder(dataDir)
  try {
    // Whoever has a server does not load it.
    const { openEmbedded } = await import('./embedded/embedded.js')
    const { pglite, adapter, panic } = await openEmbedded(dataDir).catch((error) => {
      throw new Error(
        `The embedded database in ${dataDir} does not start: ${error.message}. Is there room on its disk?`,
        { cause: error },
      )
    })
    // The folder lock already keeps other processes away.
    await migrate(adapter, (act) => act(), log)
    const prisma = new PrismaClient({ adapter })
    return {
      prisma,
      async query<Row>({ text }: Statement, values: unknown[]) {
        return (await pglite.query<Row>(text, values)).rows
      },
      volatileTransaction: (act) =>
        pglite.transaction((tx) =>
          act(
            async <Row>({ text }: Statement, values: unknown[]) => (await tx.query<Row>(text, values)).rows,
          ),
        ),
      notifications: localNotifications(),
      async vacuum() {
        await pglite.exec('VACUUM deliveries, attempts, events, idempotency_keys, endpoints')
      },
      crashed: panic.then((error) => embeddedInWords(error, dataDir)),
      async close() {
        await prisma.$disconnect()
        await pglite.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw isDatabaseUnavailable(error) ? embeddedInWords(error, dataDir) : error
  }
}

async function openOnServer(databaseUrl: string, log: Logger): Promise<Database> {
  await migrate(migrationAdapter(databaseUrl), migrationLock(databaseUrl), log).catch((error) => {
    throw inWords(error, databaseUrl)
  })
  const pool = serverPool(databaseUrl, log)
  const prisma = new PrismaClient({ adapter: serverAdapter(pool) })
  const notifications = serverNotifications(databaseUrl, prisma, log)
  return {
    prisma,
    async query<Row>(statement: Statement, values: unknown[]) {
      return (await pool.query({ ...statement, values })).rows as Row[]
    },
    volatileTransaction: (act) => volatileTransaction(pool, act),
    notifications,
    vacuum: async () => undefined,
    // A server crashes, and comes back, on its own.
    crashed: new Promise(() => undefined),
    async close() {
      await notifications.close()
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

async function migrate(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  withLock: WithMigrationLock,
  log: Logger,
): Promise<void> {
  const applied = await applyMigrations(adapter, withLock)
  if (applied.length > 0) log.info({ applied }, 'database brought up to date')
}

function embeddedInWords(error: unknown, dataDir: string): Error {
  const { message } = error as Error
  return new Error(
    `The embedded database in ${dataDir} has crashed: ${message}. Nothing that was acknowledged is lost: make room where it is short, and start again.`,
    { cause: error },
  )
}

/** What the operator can do about it. The host alone is named: the URL holds a password. */
function inWords(error: unknown, databaseUrl: string): unknown {
  const { host } = new URL(databaseUrl)
  if (isDatabaseUnavailable(error)) {
    return new Error(`The database server at ${host} does not answer (DATABASE_URL).`, { cause: error })
  }
  const { originalMessage } = ((error as Error).cause ?? {}) as { originalMessage?: string }
  return originalMessage === undefined
    ? error
    : new Error(`The database server at ${host} refuses: ${originalMessage} (DATABASE_URL).`, {
        cause: error,
      })
}
