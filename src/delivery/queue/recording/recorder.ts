import { setTimeout as sleep } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../../../database/unavailable'
import type { FinishedAttempt } from './record-attempts'

/** The most attempts of one transaction. */
const BATCH = 200
/** The most characters of answers in one transaction, unless one attempt has more: a batch is copied several times on its way. */
const BATCH_TEXT = 1024 * 1024
/** Delay before a batch is sent again to a database that did not answer. */
const RETRY_MS = 250

export interface RecorderOptions {
  /** writes a batch, all or nothing */
  record: (attempts: FinishedAttempt[]) => Promise<unknown>
  /** called after each batch, when `size` no longer counts it; with those of its attempts that are on record */
  onRecorded: (attempts: FinishedAttempt[]) => void
  /** called each time the database did not answer; the batch is sent again */
  onUnavailable: (error: unknown) => void
  /** called for each attempt that the database rejects, even without its answer; it is given up */
  onRejected: (error: unknown, attempt: FinishedAttempt) => void
}

/**
 * Records attempts in batches. While one batch is being written, the next one fills, so the batches grow with the load.
 *
 * No attempt is given up while the database does not answer: its send has happened, so its batch is sent until it is written. A
 * batch that the database rejects is halved until the rejected attempts are alone. A rejection is a bug of the gateway, and must
 * not stop the other attempts. A rejected attempt is recorded without the texts of its answer, if the database takes that.
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
      this.#writing = this.#waiting.splice(0, batchLength(this.#waiting))
      const recorded = await this.#write(this.#writing)
      this.#writing = []
      this.options.onRecorded(recorded)
    }
    this.#running = undefined
  }

  /** @returns the attempts that were not rejected */
  async #write(batch: FinishedAttempt[], isShortened = false): Promise<FinishedAttempt[]> {
    for (;;) {
      try {
        await this.options.record(batch)
        return batch
      } catch (error) {
        if (!isDatabaseUnavailable(error)) return this.#divide(batch, error, isShortened)
        this.options.onUnavailable(error)
        await sleep(RETRY_MS)
      }
    }
  }

  async #divide(batch: FinishedAttempt[], error: unknown, isShortened: boolean): Promise<FinishedAttempt[]> {
    const [first] = batch
    if (batch.length === 1 && first) {
      if (!isShortened) return this.#write([withoutAnswer(first)], true)
      this.options.onRejected(error, first)
      return []
    }
    const half = Math.ceil(batch.length / 2)
    return [...(await this.#write(batch.slice(0, half))), ...(await this.#write(batch.slice(half)))]
  }
}

/** How many of the waiting attempts are written together: one at least. */
function batchLength(waiting: FinishedAttempt[]): number {
  let text = 0
  const end = waiting.findIndex(({ responseBody }, nth) => {
    text += responseBody?.length ?? 0
    return nth === BATCH || (nth > 0 && text > BATCH_TEXT)
  })
  return end < 0 ? waiting.length : end
}

/** An attempt without the texts that a receiver has chosen, in case the database cannot store one of them. */
const withoutAnswer = (attempt: FinishedAttempt): FinishedAttempt => ({
  ...attempt,
  responseBody: attempt.responseBody === null ? null : '',
  responseTruncated: attempt.responseBody !== null,
  errorDetail:
    attempt.errorDetail === null ? null : 'The gateway could not store what the receiver answered.',
})
