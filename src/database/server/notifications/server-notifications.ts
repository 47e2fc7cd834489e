import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { NotifiedWorker, WorkerNotifications } from '../../notifications'
import type { Query } from '../../query'
import type { ServerAccess } from '../server-access'
import { DueNotifier } from './due-notifier'
import { Listener } from './listener'
import type { DueMessage } from './messages'
import { Peers } from './peers'

/**
 * One worker more is woken for each so many due deliveries. A claim has a fixed cost of about a millisecond on the server and
 * in the worker, and sending so many takes several times as long.
 */
const DELIVERIES_PER_WORKER = 50
/**
 * The worker that comes after those that a notification wakes looks after this time whether they have left anything: they may
 * have died, or may have no room.
 */
const SUCCESSOR_MS = 25
/** Pauses between two calls for others by one worker that cannot take everything, times the number of workers. */
const OTHERS_EVERY_MS = 25
/** The order in which workers claim what falls due by its time changes this often, so that all get their share. */
const ORDER_MS = 10_000
/**
 * How often workers look where nobody can listen: behind a pooler in transaction mode. A delivery then waits 0.1 s on average.
 */
const POLL_MS = 200

export interface NotificationsOptions {
  query: Query
  log: Logger
  /** where to listen; undefined = nowhere, because only a pooler in transaction mode is known */
  access: ServerAccess | undefined
}

/** LISTEN on a connection of its own, and NOTIFY on the connections of all statements. */
export function serverNotifications({ query, log, access }: NotificationsOptions): WorkerNotifications {
  const peers = new Peers(randomBytes(6).toString('base64url'))
  let worker: NotifiedWorker | undefined
  let source: { close(): Promise<void> } | undefined
  const notifier = new DueNotifier(query, () => worker && peers.own, log)
  let othersAt = Number.NEGATIVE_INFINITY

  const receive = (message: DueMessage | undefined) => {
    if (message === undefined) {
      worker?.wake(1)
      worker?.fanOutIn(0)
      return
    }
    const { kind, count, seed, from } = message
    if (from === peers.own) return
    const rank = peers.rank(seed, from)
    const woken = kind === 'fan-out' ? 1 : Math.ceil(count / DELIVERIES_PER_WORKER)
    if (rank > woken) return
    if (kind === 'fan-out') worker?.fanOutIn(rank * SUCCESSOR_MS)
    else if (rank < woken) worker?.wake(count)
    else worker?.lookIn(SUCCESSOR_MS)
  }
  return {
    notifyWorkers(deliveries = 1) {
      if (!worker?.wake(deliveries)) notifier.add('deliveries', deliveries)
    },
    notifyFanOut() {
      if (worker) worker.fanOutIn(0)
      else notifier.add('fan-out', 1)
    },
    notifyOthers() {
      const now = performance.now()
      if (peers.count === 0 || now - othersAt < OTHERS_EVERY_MS * peers.count) return
      othersAt = now
      notifier.add('deliveries', 1)
    },
    register(given) {
      worker = given
      source ??= access ? new Listener({ access, peers, onDue: receive, log }) : polling(given)
      return async () => {
        worker = undefined
        await source?.close()
      }
    },
    delayMs: () => SUCCESSOR_MS * peers.rank(String(Math.floor(Date.now() / ORDER_MS))),
    async close() {
      notifier.close()
      await source?.close()
    },
  }
}

function polling(worker: NotifiedWorker): { close(): Promise<void> } {
  const timer = setInterval(() => {
    worker.lookIn(0)
    worker.fanOutIn(0)
  }, POLL_MS)
  return { close: async () => clearInterval(timer) }
}
