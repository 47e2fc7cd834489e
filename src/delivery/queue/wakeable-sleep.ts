/** A sleep that can be ended early. What is called while nothing sleeps counts for the next sleep. */
export class WakeableSleep {
  #isWoken = false
  /** when a sleep ends at the latest: milliseconds of performance.now() */
  #endsBy = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #finish: (() => void) | undefined

  wake(): void {
    this.#isWoken = true
    this.#finish?.()
  }

  /** Makes the sleep end after this time, if it would not end before. */
  endIn(milliseconds: number): void {
    const endsBy = performance.now() + milliseconds
    if (endsBy >= this.#endsBy) return
    this.#endsBy = endsBy
    if (this.#finish) this.#setTimer()
  }

  /** @returns whether `wake` was called */
  async sleep(milliseconds: number): Promise<boolean> {
    if (!this.#isWoken) {
      this.endIn(milliseconds)
      await new Promise<void>((resolve) => {
        this.#finish = resolve
        this.#setTimer()
      })
      clearTimeout(this.#timer)
      this.#finish = undefined
    }
    const wasWoken = this.#isWoken
    this.#isWoken = false
    this.#endsBy = Number.POSITIVE_INFINITY
    return wasWoken
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#finish?.(), this.#endsBy - performance.now())
  }
}
