import { Client } from 'pg'
import type { Logger } from 'pino'
import type { PrismaClient } from '../generated/prisma/client'

/**
 * Wakes the workers of all processes on one database, because a delivery may be due. A notification may get lost when a
 * connection breaks, so workers also poll from time to time.
 */
export interface WorkerNotifications {
  /** Never throws and never waits. Notifications in quick succession count as one. */
  notifyWorkers(): void
  onNotification(listener: () => void): void
  close(): Promise<void>
}

const CHANNEL = 'hookgate_due'
const RECONNECT_MS = 1_000
/** At most one notification in this time goes to the server, where each takes a lock that all commits share. */
const COALESCE_MS = 10

/** For the only process on a database: nothing goes through the database. */
export function localNotifications(): WorkerNotifications {
  const listeners: (() => void)[] = []
  return {
    notifyWorkers: () => listeners.forEach((listener) => void listener()),
    onNotification: (listener) => listeners.push(listener),
    close: async () => undefined,
  }
}

/** LISTEN on a connection of its own, and NOTIFY through Prisma. */
export function serverNotifications(
  connectionString: string,
  prisma: PrismaClient,
  log: Logger,
): WorkerNotifications {
  const local = localNotifications()
  let closing = false
  let client: Client | undefined
  let reconnect: NodeJS.Timeout | undefined
  let pending: NodeJS.Timeout | undefined

  const listen = async () => {
    const next = new Client({ connectionString, application_name: 'hookgate notifications', keepAlive: true })
    next.on('notification', local.notifyWorkers)
    next.on('error', () => undefined)
    next.on('end', () => {
      if (!closing) reconnect = setTimeout(listen, RECONNECT_MS)
    })
    try {
      await next.connect()
      await next.query(`LISTEN ${CHANNEL}`)
      client = next
      // Notifications that were sent while this process did not listen are lost: look for due deliveries now.
      local.notifyWorkers()
    } catch (error) {
      log.warn({ err: error }, 'cannot listen for notifications')
      await next.end().catch(() => undefined)
    }
    if (closing) await next.end().catch(() => undefined)
  }

  return {
    notifyWorkers() {
      local.notifyWorkers()
      pending ??= setTimeout(() => {
        pending = undefined
        prisma.$executeRaw`SELECT pg_notify(${CHANNEL}, '')`.catch((error) =>
          log.warn({ err: error }, 'cannot notify workers'),
        )
      }, COALESCE_MS)
    },
    onNotification(listener) {
      local.onNotification(listener)
      if (!client && !reconnect) void listen()
    },
    async close() {
      closing = true
      clearTimeout(reconnect)
      clearTimeout(pending)
      await client?.end().catch(() => undefined)
    },
  }
}
