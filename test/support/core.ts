import type { CoreCommands } from '../programs/core'
import type { TestDatabase } from './gateway'
import { type Program, startProgram } from './program'

/** The core of a gateway, without its HTTP server, in a process of its own whose clock the test holds. */
export interface Core<Served extends CoreCommands = CoreCommands> {
  program: Program<Served>
  run: Program<Served>['run']
  /** The rows of a statement; int8 comes as a number. */
  sql<Row>(statement: string, ...values: unknown[]): Promise<Row[]>
  /** Accepts an event and wakes the dispatcher. */
  publish(type?: string): Promise<number>
  createEndpoint(target: string, ...types: string[]): Promise<number>
  deleteEndpoint(id: number): Promise<void>
  /** What was logged as a warning or an error since the last call. */
  warnings(): Promise<string[]>
  /** Stops what it has started and closes the database. */
  close(): Promise<void>
}

/**
 * Opens the core on a database. On an embedded one, no gateway may be running meanwhile.
 *
 * @param program of test/programs; it serves the commands of programs/core.ts, and may serve more
 */
export async function openCore<Served extends CoreCommands = CoreCommands>(
  database: TestDatabase,
  { env = {}, program: name = 'core' }: { env?: Record<string, string>; program?: string } = {},
): Promise<Core<Served>> {
  const program = await startProgram<Served>(name, { ...database.env, ...env })
  const core: Program<CoreCommands> = program
  return {
    program,
    run: program.run,
    sql: <Row>(statement: string, ...values: unknown[]) =>
      core.run('sql', statement, ...values) as Promise<Row[]>,
    publish: (type = 'post.created') => core.run('publish', type),
    createEndpoint: (target, ...types) => core.run('createEndpoint', target, types),
    deleteEndpoint: (id) => core.run('deleteEndpoint', id),
    warnings: () => core.run('warnings'),
    async close() {
      await core.run('close')
      await program.end()
    },
  }
}
