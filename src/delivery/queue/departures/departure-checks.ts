import type { AsyncCommitTransaction } from '../../../database/query'
import type { LeaseHolder } from '../claims/leases'
import type { ClaimedDeparture } from './claimed-departure'
import { findUnchanged } from './find-unchanged'

interface Asking {
  departure: ClaimedDeparture
  answer: (mayLeave: boolean) => void
}

/**
 * Checks, just before a request is written, that its delivery would still be sent as it was claimed. Opening a connection takes
 * time. Meanwhile the endpoint may have been switched off, patched or deleted.
 *
 * Invariant: after a change of an endpoint was answered, no request of its earlier state is written. A change locks the endpoint's
 * row. A check holds the row FOR SHARE from the moment it reads the endpoint until the requests are written, as a claim does. So
 * a change is committed before the check reads the endpoint, or it waits until the requests are written.
 *
 * Departures that ask at about the same time share one transaction.
 */
export class DepartureChecks {
  #asking: Asking[] = []
  #isRunning = false

  /** @param onFailure called when the check failed in the database; the requests are withdrawn then */
  constructor(
    private readonly transaction: AsyncCommitTransaction,
    private readonly holder: () => LeaseHolder,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Resolves with true while the check's transaction holds the endpoint's row: the caller writes the request in the same turn. */
  mayLeave(departure: ClaimedDeparture): Promise<boolean> {
    return new Promise((answer) => {
      this.#asking.push({ departure, answer })
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    // Connections that open in the same turn of the event loop share a check.
    await new Promise(setImmediate)
    while (this.#asking.length > 0) await this.#check(this.#asking.splice(0))
    this.#isRunning = false
  }

  async #check(batch: Asking[]): Promise<void> {
    try {
      await this.transaction(async (query) => {
        const deliveries = batch.map(({ departure }) => departure.delivery)
        const unchanged = await findUnchanged(query, this.holder(), deliveries)
        for (const { departure, answer } of batch) {
          answer(unchanged.has(departure.delivery.id) && departure.release())
        }
        await Promise.all(batch.map(({ departure }) => departure.writtenOrWaiting()))
      })
    } catch (error) {
      this.onFailure(error)
      for (const { answer } of batch) answer(false)
    }
  }
}
