import { Client } from 'pg'
import type { Logger } from 'pino'
import type { PrismaClient } from '../generated/prisma/client'

/**
 * Tells the workers of all processes on one database that something may be due. A ring may get lost (a connection
 * that just broke): whoever listens looks for himself from time to time as well.
 */
export interface WorkerNotifications {
  /** Never fails and never waits. Rings in quick succession count as one. */
  notifyWorkers(): void
  onNotification(listener: () => void): void
  close(): Promise<void>
}

const CHANNEL = 'hookgate_due'
const RECONNECT_MS = 1_000
/** At most one ring in this time goes to the server, where each takes a lock that all commits share. */
const GATHER_MS = 10

/** Where this is the only process: nothing goes through the database. */
export function localNotifications(): WorkerNotifications {
  const listeners: (() => void)[] = []
  return {
    notifyWorkers: () => listeners.forEach((listener) => void listener()),
    onNotification: (listener) => listeners.push(listener),
    close: async () => undefined,
  }
}

/** By LISTEN on a connection of its own, and NOTIFY. */
export function serverNotifications(
  connectionString: string,
  prisma: PrismaClient,
  log: Logger,
): WorkerNotifications {
  const local = localNotifications()
  let closing = false
  let client: Client | undefined
  let reconnect: NodeJS.Timeout | undefined
  let gathering: NodeJS.Timeout | undefined

  const listen = async () => {
    const next = new Client({ connectionString, application_name: 'hookgate bell', keepAlive: true })
    next.on('notification', local.notifyWorkers)
    next.on('error', () => undefined)
    next.on('end', () => {
      if (!closing) reconnect = setTimeout(listen, RECONNECT_MS)
    })
    try {
      await next.connect()
      await next.query(`LISTEN ${CHANNEL}`)
      client = next
      // What was rung for while nobody listened.
      local.notifyWorkers()
    } catch (error) {
      log.warn({ err: error }, 'the notifications cannot be heard at the moment')
      await next.end().catch(() => undefined)
    }
    if (closing) await next.end().catch(() => undefined)
  }

  return {
    notifyWorkers() {
      local.notifyWorkers()
      gathering ??= setTimeout(() => {
        gathering = undefined
        prisma.$executeRaw`SELECT pg_notify(${CHANNEL}, '')`.catch((error) =>
          log.warn({ err: error }, 'the notifications cannot be rung at the moment'),
        )
      }, GATHER_MS)
    },
    onNotification(listener) {
      local.onNotification(listener)
      if (!client && !reconnect) void listen()
    },
    async close() {
      closing = true
      clearTimeout(reconnect)
      clearTimeout(gathering)
      await client?.end().catch(() => undefined)
    },
  }
}
