import { spawn } from 'node:child_process'
import { atEnd } from './leftovers'
import { cleanEnvironment, MAIN, NODE_FLAGS } from './template'

/** How a command of Hookgate ended. */
export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunningCommand {
  result: Promise<CommandResult>
  /** its standard output and error so far */
  output(): string
  kill(signal: NodeJS.Signals): void
}

/** Starts `hookgate COMMAND` as a process of its own, with this environment and nothing of the surrounding one. */
export function startCommand(name: 'serve' | 'migrate', env: Record<string, string>): RunningCommand {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, name], {
    env: { ...cleanEnvironment(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk
  })
  const cancelCleanUp = atEnd(() => child.kill('SIGKILL'))
  return {
    result: new Promise((resolve) => {
      child.once('close', (code) => {
        cancelCleanUp()
        resolve({ code, ...text })
      })
    }),
    output: () => text.stdout + text.stderr,
    kill: (signal) => child.kill(signal),
  }
}

/** Runs a command to its end. */
export const runCommand = (name: 'serve' | 'migrate', env: Record<string, string>) =>
  startCommand(name, env).result
