import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { atEnd } from './leftovers'
import { cleanEnvironment } from './template'

/** A process that exchanges lines with the test that started it. */
export interface Child {
  process: ChildProcess
  pid: number
  /** Writes a line to its standard input. */
  writeLine(line: string): void
  /** The next line of its standard output. Rejects with its standard error when it ends first. */
  readLine(): Promise<string>
  isRunning(): boolean
  /** Kills it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a process in the package's folder. It is killed when the test file ends. */
export function spawnChild(command: string, args: string[]): Child {
  const child = spawn(command, args, {
    cwd: join(__dirname, '../..'),
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.once(
    'exit',
    atEnd(() => child.kill('SIGKILL')),
  )
  let errorOutput = ''
  child.stderr.on('data', (chunk) => {
    errorOutput += chunk
  })
  // A line written after the end of the process is reported by the next readLine().
  child.stdin.on('error', () => undefined)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    pid: child.pid ?? 0,
    writeLine: (line) => child.stdin.write(`${line}\n`),
    async readLine() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`The process ended: ${errorOutput}`)
      return value
    },
    isRunning,
    async end(signal = 'SIGKILL') {
      if (!isRunning()) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}
