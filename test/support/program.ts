import { join } from 'node:path'
import type { Commands } from '../programs/commands'
import { type Child, spawnChild } from './child'
import { NODE_FLAGS } from './template'

/** Where `npm run build:tests` puts the programs of test/programs. */
const PROGRAMS = join(__dirname, '../programs/dist/test/programs')

/** A value after its way through JSON, as test/programs/commands.ts writes it. */
export type FromJson<T> = T extends bigint
  ? number
  : T extends Date
    ? string
    : T extends object
      ? { [Key in keyof T]: FromJson<T[Key]> }
      : T

/** A running program of test/programs. */
export interface Program<Served extends Commands> {
  child: Child
  /** Runs a command; rejects with the error that it threw. Commands run one after the other. */
  run<Name extends keyof Served & string>(
    name: Name,
    ...args: Parameters<Served[Name]>
  ): Promise<FromJson<Awaited<ReturnType<Served[Name]>>>>
  /** Kills it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts a program of test/programs and waits until it is ready.
 *
 * @param name its file, without the extension
 * @param settings passed to its `open` as JSON
 */
export async function startProgram<Served extends Commands>(
  name: string,
  settings?: unknown,
): Promise<Program<Served>> {
  const args = settings === undefined ? [] : [JSON.stringify(settings)]
  const child = spawnChild(process.execPath, [...NODE_FLAGS, join(PROGRAMS, `${name}.js`), ...args])
  const readAnswer = async () => {
    const { value, error } = JSON.parse(await child.readLine())
    if (error) throw new Error(error)
    return value
  }
  await readAnswer()
  return {
    child,
    run(command, ...args) {
      child.writeLine(JSON.stringify([command, ...args]))
      return readAnswer()
    },
    end: child.end,
  }
}
