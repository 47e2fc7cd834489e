import { TestEnvironment } from 'jest-environment-node'
import type { CleanUp } from './leftovers'

/** Node's own, and nothing that a test file started outlives the file: no process, no database, no mount. */
export default class Environment extends TestEnvironment {
  readonly #leftovers = new Set<CleanUp>()
  /** Nobody waits for anything any more: what can be done at once is. */
  readonly #onExit = () => {
    for (const cleanUp of this.#take()) cleanUp()
  }

  override async setup(): Promise<void> {
    await super.setup()
    this.global.leftovers = this.#leftovers
    process.on('exit', this.#onExit)
  }

  /** After all hooks of the file, while its modules can still be used. */
  async handleTestEvent({ name }: { name: string }): Promise<void> {
    if (name === 'run_finish') await this.#cleanUp()
  }

  /** A file that could not even be loaded never gets to its `run_finish`. */
  override async teardown(): Promise<void> {
    await this.#cleanUp()
    process.off('exit', this.#onExit)
    await super.teardown()
  }

  /** One by one: a database is removed when the process that used it is gone. */
  async #cleanUp(): Promise<void> {
    const errors: unknown[] = []
    for (const cleanUp of this.#take()) {
      try {
        await cleanUp()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `could not be removed: ${errors.join('; ')}`)
  }

  #take(): CleanUp[] {
    const latestFirst = [...this.#leftovers].reverse()
    this.#leftovers.clear()
    return latestFirst
  }
}
