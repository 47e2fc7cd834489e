/** A sleep that `wake` ends early. A call of `wake` while nothing sleeps ends the next sleep at once. */
export class WakeableSleep {
  #isWoken = false
  #finish: (() => void) | undefined

  wake(): void {
    this.#isWoken = true
    this.#finish?.()
  }

  async sleep(milliseconds: number): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds)
        this.#finish = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#finish = undefined
    }
    this.#isWoken = false
  }
}
