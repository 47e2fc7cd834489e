import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { atEnd } from './leftovers'
import { cleanEnvironment } from './template'

/** The built program, which `npm test` builds before it runs the tests. */
export const DIST = join(__dirname, '../../dist')

/** A node process of its own that talks to its test by lines. */
export interface Child {
  process: ChildProcess
  pid: number
  /** Sends a line to its standard input. */
  say(line: string): void
  /** The next line of its standard output; rejects with what it complained of when it ends first. */
  hear(): Promise<string>
  /** Kills it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Runs a script in a process of its own.
 *
 * @param script CommonJS; `dist(path)` requires a file of the built program, `print(line)` writes a line, and
 *   `onLine(act)` calls `act` with each line that is said to it, one after the other
 */
export function spawnChild(script: string, args: string[] = [], command = process.execPath): Child {
  const child = spawn(command, command === process.execPath ? ['-e', PRELUDE + script, ...args] : args, {
    cwd: join(DIST, '..'),
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.once(
    'exit',
    atEnd(() => child.kill('SIGKILL')),
  )
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  // Whoever is told something after it has ended hears so by its silence.
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    pid: child.pid ?? 0,
    say: (line) => child.stdin.write(`${line}\n`),
    async hear() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`The process ended: ${complaints}`)
      return value
    },
    async end(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}

const PRELUDE = `
  const dist = (path) => require(${JSON.stringify(`${DIST}/`)} + path)
  const print = (line) => process.stdout.write(line + '\\n')
  const onLine = (act) => {
    let last = Promise.resolve()
    require('node:readline')
      .createInterface({ input: process.stdin })
      .on('line', (line) => { last = last.then(() => act(line)) })
  }
`
