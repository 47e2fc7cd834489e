/** A first attempt may be committed so much later than others that fell due at the same time, and is still found at once. */
const SLACK_MS = 100
const WHOLE_EVERY_MS = 1_000
/** Reading lanes from their beginning takes at most this share of the time. */
const WHOLE_SHARE = 0.05
/** While a whole look takes less, all looks are whole: one that is not misses something, so that another must follow soon. */
const CHEAP_LOOK_MS = 5
const LANES_MAX = 1_000

/**
 * Where claims start to read the lanes that this process serves. While an old snapshot is open, PostgreSQL cannot remove the
 * deliveries that have ended from the index of the queue, and a claim that read a lane from its beginning would walk past all of
 * them. So a claim starts a little before the first delivery that the last claim found.
 *
 * What it misses in this way (deliveries that were committed late, or whose lease has expired) is found by the claims that read
 * lanes from their beginning: one a second, or fewer when they take long. Looks at due deliveries do the same.
 */
export class LaneStarts {
  readonly #starts = new Map<number, number>()
  #nextWholeAt = 0
  /** before this time, the claims that read lanes from their beginning would take too large a share of the time */
  #notBefore = 0
  /** from this time on, looks read lanes from their beginning */
  #nextWholeLookAt = 0

  /** @param now milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** By endpoint, Unix time in milliseconds of the database; empty when the next claim should read lanes from their beginning. */
  forClaim(): ReadonlyMap<number, number> {
    return this.now() >= this.#nextWholeAt ? NONE : this.#starts
  }

  /**
   * @param dueMs by endpoint, when the first delivery that the claim found had fallen due
   * @param tookMs how long the claim's statement took
   */
  claimed(dueMs: ReadonlyMap<number, number>, wasWhole: boolean, tookMs: number): void {
    if (wasWhole) {
      this.#notBefore = this.now() + tookMs / WHOLE_SHARE
      this.#nextWholeAt = Math.max(this.#notBefore, this.now() + WHOLE_EVERY_MS)
    } else if (dueMs.size === 0) {
      // Perhaps everything is before the starts.
      this.#nextWholeAt = this.#notBefore
    }
    for (const [endpointId, due] of dueMs) {
      this.#starts.delete(endpointId)
      this.#starts.set(endpointId, due - SLACK_MS)
    }
    for (const endpointId of this.#starts.keys()) {
      if (this.#starts.size <= LANES_MAX) break
      this.#starts.delete(endpointId)
    }
  }

  /** As forClaim, for a look at due deliveries. */
  forLook(): ReadonlyMap<number, number> {
    return this.now() >= this.#nextWholeLookAt ? NONE : this.#starts
  }

  /** @returns milliseconds until something may be found that this look has missed; Infinity = it has missed nothing */
  looked(wasWhole: boolean, tookMs: number): number {
    const now = this.now()
    if (!wasWhole) return Math.max(this.#nextWholeLookAt - now, 1)
    this.#nextWholeLookAt =
      tookMs < CHEAP_LOOK_MS ? now : now + Math.min(tookMs / WHOLE_SHARE, WHOLE_EVERY_MS)
    return Number.POSITIVE_INFINITY
  }
}

const NONE: ReadonlyMap<number, number> = new Map()
