import { TestEnvironment } from 'jest-environment-node'
import type { CleanUp } from './leftovers'

/** Node's environment, which removes everything that a test file started: processes, databases, mounts. */
export default class Environment extends TestEnvironment {
  readonly #leftovers = new Set<CleanUp>()
  /** At the exit of the process only the synchronous part of each clean-up runs. */
  readonly #onExit = () => {
    for (const cleanUp of this.#take()) cleanUp()
  }

  override async setup(): Promise<void> {
    await super.setup()
    this.global.leftovers = this.#leftovers
    process.on('exit', this.#onExit)
  }

  /** Runs after all hooks of the file, while its modules are still usable. */
  async handleTestEvent({ name }: { name: string }): Promise<void> {
    if (name === 'run_finish') await this.#cleanUp()
  }

  /** A file that could not be loaded has no `run_finish`. */
  override async teardown(): Promise<void> {
    await this.#cleanUp()
    process.off('exit', this.#onExit)
    await super.teardown()
  }

  /** One after the other: the process of a database must end before the database is removed. */
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
