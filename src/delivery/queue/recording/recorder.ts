import { setTimeout as sleep } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../../../database/unavailable'
import type { DeliveryKey } from '../claims/leases'
import type { FinishedAttempt } from './record-attempts'

/** The most attempts of one transaction. */
const BATCH = 200
/** Delay before a batch is sent again to a database that did not answer. */
const RETRY_MS = 250

export interface RecorderOptions {
  /** writes a batch, all or nothing */
  record: (attempts: FinishedAttempt[]) => Promise<unknown>
  /** called after each batch, when `size` no longer counts it */
  onRecorded: () => void
  /** called each time the database did not answer; the batch is sent again */
  onUnavailable: (error: unknown) => void
  /** called for each attempt that the database rejects; it is given up */
  onRejected: (error: unknown, attempt: FinishedAttempt) => void
}

/**
 * Records attempts in batches. While one batch is being written, the next one fills, so the batches grow with the load.
 *
 * No attempt is given up while the database does not answer: its send has happened, so its batch is sent until it is written. A
 * batch that the database rejects is halved until the rejected attempts are alone. A rejection is a bug of the gateway, and must
 * not stop the other attempts. The lease of a rejected attempt expires, and its delivery is sent again.
 */
export class Recorder {
  readonly #waiting: FinishedAttempt[] = []
  #writing: FinishedAttempt[] = []
  #running: Promise<void> | undefined

  constructor(private readonly options: RecorderOptions) {}

  /** How many attempts are not on record yet. */
  get size(): number {
    return this.#waiting.length + this.#writing.length
  }

  /** The deliveries of the attempts that are not on record yet: they still need their leases. */
  deliveries(): DeliveryKey[] {
    return [...this.#writing, ...this.#waiting].map(({ eventId, endpointId }) => ({
      eventId: BigInt(eventId),
      endpointId,
    }))
  }

  add(attempt: FinishedAttempt): void {
    this.#waiting.push(attempt)
    this.#running ??= this.#run()
  }

  /** Resolves when every attempt is on record or given up. */
  async drained(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Attempts that end in the same turn of the event loop share a batch.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      this.#writing = this.#waiting.splice(0, BATCH)
      await this.#write(this.#writing)
      this.#writing = []
      this.options.onRecorded()
    }
    this.#running = undefined
  }

  async #write(batch: FinishedAttempt[]): Promise<void> {
    for (;;) {
      try {
        await this.options.record(batch)
        return
      } catch (error) {
        if (!isDatabaseUnavailable(error)) return this.#divide(batch, error)
        this.options.onUnavailable(error)
        await sleep(RETRY_MS)
      }
    }
  }

  async #divide(batch: FinishedAttempt[], error: unknown): Promise<void> {
    const [first] = batch
    if (batch.length === 1 && first) return this.options.onRejected(error, first)
    const half = Math.ceil(batch.length / 2)
    await this.#write(batch.slice(0, half))
    await this.#write(batch.slice(half))
  }
}
