import { createInterface } from 'node:readline'

/** Functions of a program that a test calls from its own process. Arguments and results cross as JSON. */
export type Commands = Record<string, (...args: never[]) => unknown>

/** Settings of a core program: the environment variables that a gateway would be started with. */
export type Environment = Record<string, string>

/**
 * Runs a test program: prints a line when `open` is done, then answers each line of standard input, in order, with one
 * line. A request is `[command, ...args]`; an answer is `{ value }` or `{ error }`.
 *
 * @param open returns the commands; its argument is what the test passed to `startProgram`
 */
export function serveCommands<Settings = undefined>(
  open: (settings: Settings) => Commands | Promise<Commands>,
): void {
  const [settings] = process.argv.slice(2)
  void (async () => {
    const commands = await open(settings === undefined ? undefined : JSON.parse(settings))
    writeLine({ value: 'ready' })
    for await (const line of createInterface({ input: process.stdin }))
      writeLine(await answer(commands, line))
  })()
}

async function answer(commands: Commands, line: string): Promise<unknown> {
  const [name, ...args] = JSON.parse(line) as [string, ...never[]]
  try {
    const command = commands[name]
    if (!command) throw new Error(`The program has no command ${name}`)
    return { value: await command(...args) }
  } catch (error) {
    return { error: (error as Error).stack }
  }
}

/** PostgreSQL's bigint arrives as JavaScript's, which JSON does not have: a number is exact enough for a test. */
function writeLine(value: unknown): void {
  const json = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? Number(each) : each))
  process.stdout.write(`${json}\n`)
}
