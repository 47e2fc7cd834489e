import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { MAIN, yardstickProgram } from './places'
import type { Teardown } from './teardown'

/** The key that signs the tokens. */
export const JWT_SECRET = 'a secret of the measurements, longer than 32 bytes'

/** The minimum that the gateway needs to run in production. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  HOOKGATE_JWT_SECRET: JWT_SECRET,
  HOOKGATE_ENCRYPTION_KEY: Buffer.alloc(32, 'measure').toString('base64'),
  // The receiver runs on this machine.
  HOOKGATE_ALLOWED_NETWORKS: '127.0.0.0/8',
  HOOKGATE_ALLOW_HTTP: 'true',
  LOG_LEVEL: 'warn',
}

const START_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 12_000

/** The program to start, and its Node.js options. */
export interface Launch {
  /** path of a built `hookgate.js`; default: this build's */
  program?: string
  /** such as `--cpu-prof` */
  nodeOptions?: string[]
}

/** A process that serves on a port of its own. */
export interface Running {
  /** without a slash at its end */
  url: string
  process: ChildProcess
  stop(): Promise<void>
}

/**
 * Starts a built gateway with the settings of production.
 *
 * @param env added to those settings; an equal name replaces the setting
 */
export async function startGateway(
  env: Record<string, string>,
  teardown: Teardown,
  launch: Launch = {},
): Promise<Running> {
  return startProgram({ ...PRODUCTION, ...env }, teardown, launch)
}

/** Starts a built gateway with the settings of a first start. */
export async function startInDevelopment(
  env: Record<string, string>,
  teardown: Teardown,
  launch: Launch = {},
): Promise<Running> {
  return startProgram({ LOG_LEVEL: 'warn', ...env }, teardown, launch)
}

async function startProgram(
  env: Record<string, string>,
  teardown: Teardown,
  { program = MAIN, nodeOptions = [] }: Launch,
): Promise<Running> {
  const child = spawn(process.execPath, [...nodeOptions, program, 'serve'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const listening = new Promise<string>((resolve) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const url = /(?:GraphiQL|Worker) +(\S+)\/(?:graphiql|healthz)/.exec(output)?.[1]
      if (url) resolve(url)
      // JSON lines are log lines, and at this log level each is a warning or worse.
      for (const line of String(chunk).split('\n')) if (line.startsWith('{')) console.error(line)
    })
  })
  return running(child, listening, teardown)
}

/** Starts a yardstick. The yardstick sends its port once it listens. */
export async function startYardstick(
  name: string,
  env: Record<string, string>,
  teardown: Teardown,
): Promise<Running> {
  const child = fork(yardstickProgram(name), {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', JWT_SECRET, ...env },
  })
  const listening = once(child, 'message').then(([port]) => `http://127.0.0.1:${port}`)
  return running(child, listening, teardown)
}

async function running(
  child: ChildProcess,
  listening: Promise<string>,
  teardown: Teardown,
): Promise<Running> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await exited
    clearTimeout(late)
  }
  teardown.add(stop)
  let timer: NodeJS.Timeout | undefined
  const failed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('a process did not start in time')), START_WITHIN_MS)
    exited.then(() => reject(new Error('a process ended before it listened')))
  })
  // After a good start, the end of the process is no error.
  failed.catch(() => undefined)
  const url = await Promise.race([listening, failed])
  clearTimeout(timer)
  return { url, process: child, stop }
}
