/** What has to be undone at the end, whatever happened: processes to stop, databases to drop. */
export class Teardown {
  private readonly steps: (() => Promise<unknown> | unknown)[] = []

  add(step: () => Promise<unknown> | unknown): void {
    this.steps.push(step)
  }

  /** Last come, first undone. A step that fails is told and does not hold up the others. */
  async run(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step()
      } catch (error) {
        console.error('not cleaned up:', error)
      }
    }
  }
}
