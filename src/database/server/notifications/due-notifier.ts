import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Prisma } from '../../../generated/prisma/client'
import { type Query, statement } from '../../query'
import { type DueMessage, type Message, messageText } from './messages'

/** At most one notification in this time goes to the server. */
const PAUSE_MS = 10
/**
 * The pause after a notification, as a multiple of the time that it took. In every server a lock lets one notification at a
 * time commit: when many processes wait for it, each notifies less often.
 */
const PAUSES = 10
/** By then workers look anyway. */
const PAUSE_MAX_MS = 1_000

/**
 * Sends a message on workers_channel. The transaction does not wait for the disk, and holds the lock of notifications only for
 * a moment: a crash of the server ends the connections of all workers, and they look when they listen again.
 */
export const notifyStatement = (message: Message) =>
  statement(
    'notify_workers',
    Prisma.sql`SELECT set_config('synchronous_commit', 'off', true), pg_notify(workers_channel(), ${messageText(message)})`,
  )

/** Notifies the workers of other processes: at once, and after that in steps, so that many publishes share a notification. */
export class DueNotifier {
  readonly #counts = new Map<DueMessage['kind'], number>()
  #running: Promise<void> | undefined
  #isClosed = false

  /** @param from id of the worker of this process at the moment; undefined = there is none */
  constructor(
    private readonly query: Query,
    private readonly from: () => string | undefined,
    private readonly log: Logger,
  ) {}

  add(kind: DueMessage['kind'], count: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count)
    if (!this.#isClosed) this.#running ??= this.#run()
  }

  /** Sends no more. */
  close(): void {
    this.#isClosed = true
  }

  async #run(): Promise<void> {
    while (this.#counts.size > 0 && !this.#isClosed) {
      const startedAt = performance.now()
      try {
        await Promise.all(this.#take().map((message) => this.query(notifyStatement(message))))
      } catch (error) {
        this.log.warn({ err: error }, 'cannot notify workers')
      }
      const tookMs = performance.now() - startedAt
      const pauseMs = Math.min(Math.max(PAUSE_MS, PAUSES * tookMs), PAUSE_MAX_MS)
      await sleep(pauseMs, undefined, { ref: false })
    }
    this.#running = undefined
  }

  #take(): DueMessage[] {
    const from = this.from()
    const seed = Math.random().toString(36).slice(2, 8)
    const messages = [...this.#counts].map(([kind, count]) => ({ kind, count, seed, from }))
    this.#counts.clear()
    return messages
  }
}
