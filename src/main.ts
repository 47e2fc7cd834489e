import { setTimeout as sleep } from 'node:timers/promises'
import { issueToken } from './auth/issue-token'
import { type Invocation, parseCommandLine, USAGE, UsageError } from './command-line'
import { readConfig } from './config/read-config'
import { type Gateway, migrateDatabase, startGateway } from './gateway'
import { createLog } from './log'
import { logOutput } from './log-output'

/** The process ends this long after a signal, whatever still runs. The gateway itself stops a little earlier. */
const EXIT_WITHIN_MS = 9_800
/** After a signal, a start gets this long to close what it opened. A connection to a silent server can delay it for longer. */
const CLOSE_START_WITHIN_MS = 5_000
/** At its end, the process waits this long for the reader of its output. */
const DRAIN_WITHIN_MS = 200

const output = logOutput(process.stdout)

async function main(args: string[]): Promise<void> {
  // Without a listener, an error that nobody reads would end the process.
  process.stderr.on('error', () => undefined)
  const invocation = parseCommandLine(args)
  if (invocation.command === 'print') output.write(invocation.text)
  else if (invocation.command === 'serve') await serve()
  else if (invocation.command === 'token') await token(invocation)
  else await migrate()
}

async function serve(): Promise<void> {
  const config = readConfig(process.env)
  const stopping = new AbortController()
  // Start on the next tick, after the signal handlers are installed.
  const starting = Promise.resolve().then(() =>
    startGateway(config, createLog(config, output), stopping.signal),
  )
  onFirstSignal((signal) => stop(starting, stopping, signal))
  try {
    const gateway = await starting
    void gateway.crashed.then(fail)
    output.write(addressesOf(gateway))
  } catch (error) {
    if (error !== stopping.signal.reason) throw error
    await exit(0)
  }
}

/** Stops a gateway, or ends its start as soon as the step in progress allows. */
async function stop(starting: Promise<Gateway>, stopping: AbortController, signal: string): Promise<void> {
  stopping.abort(interruption(signal))
  const late = sleep(CLOSE_START_WITHIN_MS, 'late' as const)
  const gateway = await Promise.race([starting.catch(() => 'failed' as const), late])
  // A start that fails now is reported where it is awaited.
  if (gateway === 'failed') return
  if (gateway !== 'late') await gateway.stop()
  await exit(0)
}

/** One line for each entrance, and in development a link that signs a browser in: the page takes the code out of it. */
function addressesOf({ url, publicUrl, servesApi, development }: Gateway): string {
  if (!servesApi) return `Worker     ${url}/healthz\n`
  const api = [
    `GraphQL    ${url}/graphql`,
    `GraphiQL   ${url}/graphiql`,
    `REST       ${url}/api/v2/webhook/endpoint/`,
    ...(publicUrl === url ? [] : [`Public     ${publicUrl}/`]),
  ]
  const signIn = development
    ? [
        `Sign in    ${publicUrl}/graphiql/#code=${development.code}`,
        `Admin token for development (12 h): ${development.token}`,
      ]
    : []
  return `${[...api, ...signIn].join('\n')}\n`
}

async function token(claims: Invocation & { command: 'token' }): Promise<void> {
  output.write(`${await issueToken(readConfig(process.env), claims)}\n`)
}

async function migrate(): Promise<void> {
  const config = readConfig(process.env)
  const stopping = new AbortController()
  onFirstSignal(async (signal) => {
    const reason = interruption(signal)
    stopping.abort(reason)
    await sleep(CLOSE_START_WITHIN_MS)
    throw reason
  })
  await migrateDatabase(config, createLog(config, output), stopping.signal)
  output.write('The database is up to date.\n')
  await exit(0)
}

/** What a start throws that a signal has ended. */
const interruption = (signal: string) =>
  new Error(
    `Stopped by ${signal} before the end. What is not complete was rolled back: the next start continues.`,
  )

/**
 * Handles the first SIGTERM or SIGINT. Later signals change nothing: npm repeats the signal that a terminal has already sent to
 * every process, and a stop takes a limited time.
 */
function onFirstSignal(act: (signal: string) => Promise<void>): void {
  let isFirst = true
  const handle = async (signal: string) => {
    if (!isFirst) return
    isFirst = false
    setTimeout(() => process.exit(0), EXIT_WITHIN_MS)
    try {
      await act(signal)
    } catch (error) {
      await fail(error)
    }
  }
  process.on('SIGTERM', handle)
  process.on('SIGINT', handle)
}

/** Prints the error for the operator and exits: with 2 for a mistake on the command line, with 1 for all others. */
async function fail(error: unknown): Promise<void> {
  console.error(error instanceof Error ? `hookgate: ${error.message}` : error)
  if (error instanceof UsageError) console.error(`\n${USAGE}`)
  await exit(error instanceof UsageError ? 2 : 1)
}

/** Exits once the reader of the output has every line, or without waiting for a reader that does not read. */
async function exit(code: number): Promise<void> {
  await output.drain(DRAIN_WITHIN_MS)
  process.exit(code)
}

main(process.argv.slice(2)).catch(fail)
