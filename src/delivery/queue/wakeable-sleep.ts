/** A sleep that can be cut short. A call to `wake` while nobody sleeps shortens the next sleep. */
export class Wakeable {
  private woken = false
  private finish: (() => void) | undefined

  wake(): void {
    this.woken = true
    this.finish?.()
  }

  async wait(milliseconds: number): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds)
        this.finish = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.finish = undefined
    }
    this.woken = false
  }
}
