import type { AsyncCommitTransaction } from '../../../database/query'
import type { LeaseHolder } from '../claims/leases'
import type { DeliveryPermit } from './delivery-permit'
import { findUnchangedDeliveries } from './find-unchanged-deliveries'

interface WaitingPermit {
  permit: DeliveryPermit
  resolve: (isAllowed: boolean) => void
}

/**
 * Checks, just before a request is written, that its delivery would still be sent as it was claimed. Opening a connection takes
 * time. Meanwhile the endpoint may have been switched off, patched or deleted.
 *
 * Invariant: after a change of an endpoint was answered, no request of its earlier state is written. A change locks the endpoint's
 * row. A check holds the row FOR SHARE from the moment it reads the endpoint until the requests are written, as a claim does. So
 * a change is committed before the check reads the endpoint, or it waits until the requests are written.
 *
 * Permits that need a check at about the same time share one transaction.
 */
export class PermitChecks {
  #waiting: WaitingPermit[] = []
  #isRunning = false

  /** @param onFailure called when a check failed in the database; its requests are not allowed then */
  constructor(
    private readonly transaction: AsyncCommitTransaction,
    private readonly holder: () => LeaseHolder,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Resolves with true while the check's transaction holds the endpoint's row: the caller writes the request in the same turn. */
  check(permit: DeliveryPermit): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ permit, resolve })
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    // Connections that open in the same turn of the event loop share a check.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) await this.#checkBatch(this.#waiting.splice(0))
    this.#isRunning = false
  }

  async #checkBatch(batch: WaitingPermit[]): Promise<void> {
    try {
      await this.transaction(async (query) => {
        const deliveries = batch.map(({ permit }) => permit.delivery)
        const unchanged = await findUnchangedDeliveries(query, this.holder(), deliveries)
        for (const { permit, resolve } of batch) resolve(unchanged.has(permit.delivery.id) && permit.allow())
        await Promise.all(batch.map(({ permit }) => permit.writtenOrWaiting()))
      })
    } catch (error) {
      this.onFailure(error)
      for (const { resolve } of batch) resolve(false)
    }
  }
}
