import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from './outcomes'

/** How many outcomes go into one transaction. */
const BATCH = 200
/** How long to wait before the database is asked again after it failed. */
const RETRY_MS = 250

/**
 * Collects outcomes and has them recorded in batches: while one batch is being written the next one gathers, so the
 * load itself sets the size. Nothing is given up: a batch that the database did not take is offered again until it
 * does, because the sends have happened.
 */
export class Recorder {
  private readonly waiting: Outcome[] = []
  private writing: Outcome[] = []
  private running: Promise<void> | undefined

  /**
   * @param record writes a batch, all or nothing
   * @param onFailure told of every failed try
   */
  constructor(
    private readonly record: (outcomes: Outcome[]) => Promise<unknown>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

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
      await this.write()
      this.writing = []
    }
    this.running = undefined
  }

  private async write(): Promise<void> {
    for (;;) {
      try {
        await this.record(this.writing)
        return
      } catch (error) {
        this.onFailure(error)
        await sleep(RETRY_MS)
      }
    }
  }
}
