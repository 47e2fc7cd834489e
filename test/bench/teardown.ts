/** Undoes everything at the end, also after an error: stops processes, drops databases, removes folders. */
export class Teardown {
  private readonly steps: (() => Promise<unknown> | unknown)[] = []
  private isOver = false

  /** Adds a step. After the end, an abandoned run may still add steps: each then runs at once. */
  add(step: () => Promise<unknown> | unknown): void {
    this.steps.push(step)
    if (this.isOver) void this.run()
  }

  /** Runs the steps, newest first. A failed step is logged and does not stop the others. */
  async run(): Promise<void> {
    this.isOver = true
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step()
      } catch (error) {
        console.error('cleaning up failed:', error)
      }
    }
  }
}
