/** What has to be undone at the end, whatever happened: processes to stop, databases to drop. */
export class Teardown {
  private readonly steps: (() => Promise<unknown> | unknown)[] = []
  private isOver = false

  /** Once all is undone, a run that was given up may still come up with something: that is undone at once. */
  add(step: () => Promise<unknown> | unknown): void {
    this.steps.push(step)
    if (this.isOver) void this.run()
  }

  /** Last come, first undone. A step that fails is told and does not hold up the others. */
  async run(): Promise<void> {
    this.isOver = true
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step()
      } catch (error) {
        console.error('not cleaned up:', error)
      }
    }
  }
}
