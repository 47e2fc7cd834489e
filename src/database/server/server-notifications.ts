import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PrismaClient } from '../../generated/prisma/client'
import { localNotifications, type WorkerNotifications } from '../notifications'
import { connectClient } from './connect-client'
import type { ServerAccess } from './server-access'
import type { ServerClient } from './server-client'

export const CHANNEL = 'hookgate_due'
/** At most one notification in this time goes to the server, where each takes a lock that all commits share. */
const COALESCE_MS = 10
/** A listening connection that is silent is asked this often. A router may have dropped it without a word. */
const HEARTBEAT_MS = 5_000
const HEARTBEAT_WITHIN_MS = 5_000
const CLOSED_WITHIN_MS = 1_000
/** Pauses before connecting again, longer each time. */
const RECONNECT_MS = [250, 500, 1_000, 2_000, 5_000]
/**
 * How often workers look where nobody can listen: behind a pooler in transaction mode. A delivery then waits 0.1 s on average. Each
 * look of an idle worker is two statements.
 */
const POLL_MS = 200

/** LISTEN on a connection of its own, and NOTIFY through Prisma. */
export function serverNotifications(
  access: ServerAccess,
  prisma: PrismaClient,
  log: Logger,
): WorkerNotifications {
  return notifications(prisma, log, (wake) => new Listener(access, wake, log))
}

/** NOTIFY for the processes that can listen, and a look from time to time instead of LISTEN. */
export function pollingNotifications(prisma: PrismaClient, log: Logger): WorkerNotifications {
  return notifications(prisma, log, (wake) => {
    let polling: NodeJS.Timeout | undefined
    return {
      start() {
        polling ??= setInterval(wake, POLL_MS)
      },
      close: async () => clearInterval(polling),
    }
  })
}

/** What wakes the workers of this process because of deliveries of other processes. */
interface Source {
  /** Later calls change nothing. */
  start(): void
  close(): Promise<void>
}

function notifications(
  prisma: PrismaClient,
  log: Logger,
  createSource: (wake: () => void) => Source,
): WorkerNotifications {
  const local = localNotifications()
  const source = createSource(local.notifyWorkers)
  let pending: NodeJS.Timeout | undefined
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
      source.start()
    },
    async close() {
      clearTimeout(pending)
      await source.close()
    },
  }
}

/** Listens as long as the process lives: a connection that breaks or falls silent is replaced. */
class Listener implements Source {
  readonly #closing = new AbortController()
  #listening: Promise<void> | undefined

  /** @param onNotification also called whenever a connection starts to listen: earlier notifications are lost */
  constructor(
    private readonly access: ServerAccess,
    private readonly onNotification: () => void,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#listening ??= this.#listen()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    // A server that is silent must not hold up the stop.
    await Promise.race([this.#listening, sleep(CLOSED_WITHIN_MS, undefined, { ref: false })])
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      const failed = await this.#listenOnce(() => {
        if (failures > 0) this.log.info('notifications are received again')
        failures = 0
      })
      if (signal.aborted) return
      if (failures === 0) {
        this.log.warn(
          { err: failed },
          'notifications are not received: workers look for due deliveries every second',
        )
      }
      const pause = RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)]
      failures += 1
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Listens on one connection until it ends. @returns why it ended */
  async #listenOnce(onListening: () => void): Promise<unknown> {
    const { signal } = this.#closing
    let client: ServerClient | undefined
    try {
      client = await connectClient(this.access, 'hookgate notifications')
      const broken = new AbortController()
      client.on('error', (error) => broken.abort(error))
      client.on('end', () => broken.abort(new Error('The connection has ended')))
      client.on('notification', this.onNotification)
      await client.query(`LISTEN ${CHANNEL}`)
      onListening()
      this.onNotification()
      return await this.#beat(client, broken.signal)
    } catch (error) {
      return error
    } finally {
      if (client) await endOf(client, signal)
    }
  }

  /**
   * Asks the server for a sign of life from time to time. Nothing waits on a promise that lives as long as the connection: each wait
   * would leave a reaction behind.
   *
   * @returns why the connection ended; undefined = it is to be closed
   * @throws Error when the server does not answer
   */
  async #beat(client: ServerClient, broken: AbortSignal): Promise<unknown> {
    const { signal: closing } = this.#closing
    const signal = AbortSignal.any([closing, broken])
    while (!signal.aborted) {
      await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) break
      // pg rejects the query when the connection ends.
      await client.query({ text: 'SELECT 1', query_timeout: HEARTBEAT_WITHIN_MS })
    }
    return closing.aborted ? undefined : broken.reason
  }
}

/** A connection that is silent is not waited for. */
async function endOf(client: ServerClient, signal: AbortSignal): Promise<void> {
  const ended = client.end().catch(() => undefined)
  if (!signal.aborted) return
  await Promise.race([ended, sleep(CLOSED_WITHIN_MS, undefined, { ref: false })])
}
