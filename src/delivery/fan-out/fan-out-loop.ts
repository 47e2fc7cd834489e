import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '../../database/database'
import { WakeableSleep } from '../queue/wakeable-sleep'
import { fanOut } from './fan-out'

/** The longest sleep. It bounds the delay of an event whose notification got lost. */
const POLL_MS = 1_000
/** Two looks that find nothing are at least this far apart. */
const LOOK_EVERY_MS = 25
const DATABASE_RETRY_MS = 250

export interface FanOutOptions {
  database: Pick<Database, 'query' | 'notifications'>
  log: Logger
}

/** The loop that makes the deliveries of events with very many receivers, batch after batch. */
export class FanOutLoop {
  readonly #pause = new WakeableSleep()
  /** the event at which the last batch ended */
  #lastEvent = '0'
  #isStopping = false
  #running: Promise<void> | undefined

  constructor(private readonly options: FanOutOptions) {}

  start(): void {
    this.#running = this.#run()
  }

  /** Looks after this time, at the latest: an event may have to be fanned out. */
  lookIn(milliseconds: number): void {
    this.#pause.endIn(milliseconds)
  }

  /**
   * Starts no more batches, and waits until the last one has ended.
   *
   * @param withinMs the longest wait
   */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true
    this.#pause.wake()
    await Promise.race([this.#running, sleep(withinMs, undefined, { ref: false })])
  }

  async #run(): Promise<void> {
    const { log } = this.options
    while (!this.#isStopping) {
      try {
        if (await this.#fanOut()) continue
        await sleep(LOOK_EVERY_MS)
        await this.#pause.sleep(POLL_MS)
      } catch (error) {
        log.warn({ err: error }, 'events cannot be fanned out at the moment')
        await this.#pause.sleep(DATABASE_RETRY_MS)
      }
    }
  }

  /** @returns whether there was anything to do */
  async #fanOut(): Promise<boolean> {
    const { query, notifications } = this.options.database
    const batch = await fanOut(query, this.#lastEvent)
    if (batch === undefined) return false
    this.#lastEvent = batch.lastEvent
    if (batch.deliveryCount > 0) notifications.notifyWorkers(batch.deliveryCount)
    return true
  }
}
