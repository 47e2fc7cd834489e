const WINDOW_MS = 1_000

/** How often something happened within the last second, about: counts of this second and of the one before. */
export class RecentRate {
  #windowStart = Number.NEGATIVE_INFINITY
  #count = 0
  #countBefore = 0

  count(now: number): void {
    this.#roll(now)
    this.#count += 1
  }

  perSecond(now: number): number {
    this.#roll(now)
    return this.#count + this.#countBefore * (1 - (now - this.#windowStart) / WINDOW_MS)
  }

  #roll(now: number): void {
    const age = now - this.#windowStart
    if (age < WINDOW_MS) return
    const isNext = age < 2 * WINDOW_MS
    this.#countBefore = isNext ? this.#count : 0
    this.#windowStart = isNext ? this.#windowStart + WINDOW_MS : now
    this.#count = 0
  }
}
