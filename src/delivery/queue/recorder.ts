import { setTimeout as sleep } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../../database/unavailable'
import type { Outcome } from './record-attempts'

/** How many outcomes go into one transaction. */
const BATCH = 200
/** How long to wait before the database is asked again after it failed. */
const RETRY_MS = 250

export interface RecorderOptions {
  /** writes a batch, all or nothing */
  record: (outcomes: Outcome[]) => Promise<unknown>
  /** told after each batch, when there is room for as many */
  onRoom: () => void
  /** told of every failed try */
  onFailure: (error: unknown) => void
  /** told of each outcome that is given up */
  onRefused: (error: unknown, outcome: Outcome) => void
}

/**
 * Collects outcomes and has them recorded in batches: while one batch is being written the next one gathers, so the
 * load itself sets the size. Nothing is given up because the database is away: a batch is offered again until it is
 * taken, because the sends have happened. A batch that is refused is split, so that what the database does not want
 * (a bug of ours) stops nothing else; it is given up alone, its lease runs out, and it is sent again.
 */
export class Recorder {
  private readonly waiting: Outcome[] = []
  private writing: Outcome[] = []
  private running: Promise<void> | undefined

  constructor(private readonly options: RecorderOptions) {}

  /** How many outcomes are not on record yet. */
  get size(): number {
    return this.waiting.length + this.writing.length
  }

  /** The deliveries whose outcomes are not on record yet: their leases are still needed. */
  deliveryIds(): bigint[] {
    return [...this.writing, ...this.waiting].map(({ deliveryId }) => BigInt(deliveryId))
  }

  add(outcome: Outcome): void {
    this.waiting.push(outcome)
    this.running ??= this.run()
  }

  /** Resolves when everything added so far is on record. */
  async drained(): Promise<void> {
    await this.running
  }

  private async run(): Promise<void> {
    // What ends in the same turn of the event loop goes into the same batch.
    await new Promise(setImmediate)
    while (this.waiting.length > 0) {
      this.writing = this.waiting.splice(0, BATCH)
      await this.write(this.writing)
      this.writing = []
      this.options.onRoom()
    }
    this.running = undefined
  }

  private async write(batch: Outcome[]): Promise<void> {
    for (;;) {
      try {
        await this.options.record(batch)
        return
      } catch (error) {
        if (isDatabaseUnavailable(error)) {
          this.options.onFailure(error)
          await sleep(RETRY_MS)
        } else return this.divide(batch, error)
      }
    }
  }

  private async divide(batch: Outcome[], error: unknown): Promise<void> {
    const [first] = batch
    if (batch.length === 1 && first) return this.options.onRefused(error, first)
    const half = Math.ceil(batch.length / 2)
    await this.write(batch.slice(0, half))
    await this.write(batch.slice(half))
  }
}
