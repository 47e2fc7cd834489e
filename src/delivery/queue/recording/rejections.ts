const DELAY_MIN_MS = 60_000
const DELAY_MAX_MS = 3_600_000
const DELIVERIES_MAX = 10_000

/**
 * Deliveries whose attempts the database has rejected. They have been sent, but nothing of it is on record: neither a try nor when
 * they are due again. Each waits here: a minute after the first rejection, then twice as long each time, up to an hour.
 */
export class Rejections {
  readonly #byDelivery = new Map<string, { delayMs: number; until: number }>()

  /** @param now milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @returns milliseconds until the delivery may be sent again */
  add(deliveryId: string): number {
    const before = this.#byDelivery.get(deliveryId)
    const delayMs = before === undefined ? DELAY_MIN_MS : Math.min(2 * before.delayMs, DELAY_MAX_MS)
    this.#byDelivery.delete(deliveryId)
    this.#byDelivery.set(deliveryId, { delayMs, until: this.now() + delayMs })
    for (const first of this.#byDelivery.keys()) {
      if (this.#byDelivery.size <= DELIVERIES_MAX) break
      this.#byDelivery.delete(first)
    }
    return delayMs
  }

  /** Milliseconds until the delivery may be sent again; 0 = now. */
  waitMs(deliveryId: string): number {
    const rejected = this.#byDelivery.size === 0 ? undefined : this.#byDelivery.get(deliveryId)
    return rejected === undefined ? 0 : Math.max(0, rejected.until - this.now())
  }

  /** An attempt of the delivery is on record. */
  remove(deliveryId: string): void {
    if (this.#byDelivery.size > 0) this.#byDelivery.delete(deliveryId)
  }
}
