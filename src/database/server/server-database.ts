import type { PoolClient } from 'pg'
import type { Logger } from 'pino'
import { PrismaClient } from '../../generated/prisma/client'
import type { Database } from '../database'
import type { DatabaseConfig } from '../database-config'
import { type Applied, bringUpToDate, logApplied, UnknownSchemaError } from '../migrations/bring-up-to-date'
import { requireWritable, WRITABLE_QUERY } from '../readiness'
import { isDatabaseUnavailable } from '../unavailable'
import { DatabaseAddressError, placeOf } from './address/database-address'
import { parseDatabaseUrl } from './address/parse-database-url'
import { ConnectionFault } from './connection-fault'
import { asyncCommitTransaction, openPool, poolQuery, prismaAdapter } from './connections'
import { migrationTarget } from './migration-target'
import { type ProbedServer, type ProbeOptions, probeServer } from './probe'
import { pollingNotifications, serverNotifications } from './server-notifications'
import type { ServerPool } from './server-pool'

/** The configuration of a database on a server. */
export type ServerConfig = DatabaseConfig & { url: string }

/**
 * Connects to a PostgreSQL server and brings its database up to date.
 *
 * @throws Error with a message for the operator
 */
export async function openServerDatabase(config: ServerConfig, log: Logger): Promise<Database> {
  const { server, direct } = await probeServers(config)
  const where = placeOf((direct ?? server).access.address)
  const applied = await bringUpToDate(migrationTarget(direct ?? server)).catch((error) => {
    throw operatorError(error, where)
  })
  logApplied(applied, log)
  // What was just created may be where statements look from now on.
  const { server: current, direct: listening } = isEmpty(applied)
    ? { server, direct }
    : await probeServers(config)
  const pool = openPool(current, config.connections - (listening ? 1 : 0), log)
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, current) })
  const notifications = listening
    ? serverNotifications(listening.access, prisma, log)
    : pollingNotifications(prisma, log)
  return {
    prisma,
    query: poolQuery(pool),
    asyncCommitTransaction: (act) => asyncCommitTransaction(pool, act),
    notifications,
    checkWritable: () => checkWritable(pool),
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

const isEmpty = ({ migrations, functions }: Applied) => migrations.length + functions.length === 0

interface Servers {
  server: ProbedServer
  /** where sessions are kept, for migrations and notifications; undefined = only a pooler in transaction mode is known */
  direct: ProbedServer | undefined
}

async function probeServers({ url, directUrl, isPooled }: ServerConfig): Promise<Servers> {
  const server = await probe(url, { variable: 'DATABASE_URL', isPooled })
  if (directUrl === undefined) return { server, direct: isPooled ? undefined : server }
  const direct = await probe(directUrl, { variable: 'HOOKGATE_DATABASE_DIRECT_URL', isPooled: false })
  return { server, direct }
}

/** @throws Error with a message for the operator */
async function probe(url: string, options: ProbeOptions): Promise<ProbedServer> {
  try {
    return await probeServer(parseDatabaseUrl(url), options)
  } catch (error) {
    const { variable } = options
    if (error instanceof DatabaseAddressError)
      throw new Error(`${variable} ${error.message}.`, { cause: error })
    if (!(error instanceof ConnectionFault)) throw error
    const message = error.options.isAway
      ? `The database server at ${placeOf(parseDatabaseUrl(url))} does not answer (${variable}): ${error.message}.`
      : `Cannot connect to the database (${variable}): ${error.message}.`
    throw new Error(message, { cause: error })
  }
}

/** Gives back the connection to a server that cannot be written to, so that the next one goes to a server that can. */
async function checkWritable(pool: ServerPool): Promise<void> {
  const client = (await pool.connect()) as PoolClient
  let fault: Error | undefined
  try {
    const { rows } = await client.query(WRITABLE_QUERY)
    requireWritable(rows[0])
  } catch (error) {
    fault = error as Error
    throw error
  } finally {
    client.release(fault)
  }
}

/** PostgreSQL's code for a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501'

/** Says what the operator can do. @param host as `db.example.com:5432` */
function operatorError(error: unknown, host: string): unknown {
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
