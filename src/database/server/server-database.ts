import type { Logger } from 'pino'
import { PrismaClient } from '../../generated/prisma/client'
import type { Database } from '../database'
import { bringUpToDate, logApplied, UnknownSchemaError } from '../migrations/bring-up-to-date'
import { serverNotifications } from '../notifications'
import { isDatabaseUnavailable } from '../unavailable'
import { asyncCommitTransaction, poolQuery, prismaAdapter, serverPool } from './connections'
import { migrationTarget } from './migration-target'

/**
 * Connects to a PostgreSQL server and brings its database up to date.
 *
 * @throws Error with a message for the operator
 */
export async function openServerDatabase(databaseUrl: string, log: Logger): Promise<Database> {
  const applied = await bringUpToDate(migrationTarget(databaseUrl)).catch((error) => {
    throw operatorError(error, databaseUrl)
  })
  logApplied(applied, log)
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

/** PostgreSQL's code for a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501'

/** Says what the operator can do. Names the host alone, because the URL holds a password. */
function operatorError(error: unknown, databaseUrl: string): unknown {
  const { host } = new URL(databaseUrl)
  const withCause = (message: string) => new Error(message, { cause: error })
  if (isDatabaseUnavailable(error)) {
    return withCause(`The database server at ${host} does not answer (DATABASE_URL).`)
  }
  if (error instanceof UnknownSchemaError) {
    return withCause(`The database at ${host} ${error.message}: use an empty database (DATABASE_URL).`)
  }
  const { code, cause } = error as {
    code?: string
    cause?: { originalCode?: string; originalMessage?: string }
  }
  if ([code, cause?.originalCode].includes(INSUFFICIENT_PRIVILEGE)) {
    return withCause(
      `The database at ${host} is not up to date, and this user may not change it: run \`hookgate migrate\` as the owner of its tables (DATABASE_URL).`,
    )
  }
  return cause?.originalMessage === undefined
    ? error
    : withCause(`The database server at ${host} refuses: ${cause.originalMessage} (DATABASE_URL).`)
}
