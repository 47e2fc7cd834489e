import type { Logger } from 'pino'
import { PrismaClient } from '../../generated/prisma/client'
import type { Database } from '../database'
import type { DatabaseConfig } from '../database-config'
import type { Applied } from '../migrations/bring-up-to-date'
import { requireWritable, WRITABLE_QUERY } from '../readiness'
import { parseDatabaseUrl } from './address/parse-database-url'
import { asyncCommitTransaction, openPool, poolQuery, prismaAdapter } from './connections'
import { bringServerUpToDate } from './migration-target'
import { serverNotifications } from './notifications/server-notifications'
import { destinationOf, operatorError } from './operator-errors'
import { type ProbedServer, type ProbeOptions, probeServer, UnusableDatabaseError } from './probe'
import type { ServerPool } from './server-pool'

const URL_VARIABLE = 'DATABASE_URL'
const DIRECT_URL_VARIABLE = 'HOOKGATE_DATABASE_DIRECT_URL'

/** The configuration of a database on a server. */
export type ServerConfig = DatabaseConfig & { url: string }

/**
 * Connects to a PostgreSQL server and brings its database up to date.
 *
 * @param stopping aborted = give up waiting
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function openServerDatabase(
  config: ServerConfig,
  log: Logger,
  stopping?: AbortSignal,
): Promise<Database> {
  const { server, direct } = await unlessStopped(probeServers(config), stopping)
  const variable = config.directUrl === undefined ? URL_VARIABLE : DIRECT_URL_VARIABLE
  const applied = await bringServerUpToDate(direct ?? server, { variable, log, stopping })
  // What was just created may be where statements look from now on.
  const { server: current, direct: listening } = isEmpty(applied)
    ? { server, direct }
    : await unlessStopped(probeServers(config), stopping)
  const pool = openPool(current, config.connections - (listening ? 1 : 0), log)
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, current) })
  const query = poolQuery(pool)
  const notifications = serverNotifications({ query, log, access: listening?.access })
  return {
    prisma,
    query,
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
  const server = await probe(url, { variable: URL_VARIABLE, isPooled })
  if (directUrl === undefined) return { server, direct: isPooled ? undefined : server }
  const direct = await probe(directUrl, { variable: DIRECT_URL_VARIABLE, isPooled: false })
  return { server, direct }
}

/** @throws Error with a message for the operator */
async function probe(url: string, options: ProbeOptions): Promise<ProbedServer> {
  const address = parseDatabaseUrl(url)
  try {
    return await probeServer(address, options)
  } catch (error) {
    if (error instanceof UnusableDatabaseError) throw error
    throw operatorError(error, destinationOf(address), options.variable)
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
async function unlessStopped<Result>(result: Promise<Result>, stopping?: AbortSignal): Promise<Result> {
  if (!stopping) return result
  stopping.throwIfAborted()
  let stop = () => {}
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(stopping.reason)
    stopping.addEventListener('abort', stop)
  })
  return Promise.race([result, stopped]).finally(() => stopping.removeEventListener('abort', stop))
}

/** Gives back the connection to a server that cannot be written to, so that the next one goes to a server that can. */
async function checkWritable(pool: ServerPool): Promise<void> {
  const client = await pool.connectFor('writable')
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
