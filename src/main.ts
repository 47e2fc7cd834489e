import { setTimeout as sleep } from 'node:timers/promises'
import { issueToken } from './auth/issue-token'
import { type Invocation, parseCommandLine, USAGE, UsageError } from './command-line'
import { readConfig } from './config/read-config'
import { type Gateway, migrateDatabase, startGateway } from './gateway'

/** A signal during a start waits this long for the start to end. Another process's migrations can delay a start. */
const START_WITHIN_MS = 10_000

async function main(args: string[]): Promise<void> {
  const invocation = parseCommandLine(args)
  if (invocation.command === 'print') print(invocation.text)
  else if (invocation.command === 'serve') await serve()
  else if (invocation.command === 'token') await token(invocation)
  else await migrate()
}

async function serve(): Promise<void> {
  const config = readConfig(process.env)
  // Start on the next tick, after the signal handlers are installed.
  const starting = Promise.resolve().then(() => startGateway(config))
  stopOnSignal(starting)
  const gateway = await starting
  void gateway.crashed.then(fail)
  print(addressesOf(gateway, config.publicUrl))
}

function addressesOf({ url, servesApi, developmentToken }: Gateway, publicUrl = url): string {
  if (!servesApi) return `Worker     ${url}/healthz\n`
  const api = [
    ...(publicUrl === url ? [] : [`Listening  ${url}`]),
    `GraphQL    ${publicUrl}/graphql`,
    `GraphiQL   ${publicUrl}/graphiql`,
    `REST       ${publicUrl}/api/v2/webhook/endpoint/`,
  ]
  const token = developmentToken ? [`Admin token for development (12 h): ${developmentToken}`] : []
  return `${[...api, ...token].join('\n')}\n`
}

/**
 * Stops the gateway on SIGTERM and SIGINT; during a start, as soon as the start has ended. Later signals change nothing:
 * npm repeats the signal that a terminal has already sent to every process, and a stop takes a limited time.
 */
function stopOnSignal(starting: Promise<Gateway>): void {
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    try {
      const gateway = await Promise.race([starting, sleep(START_WITHIN_MS)])
      await gateway?.stop()
      process.exit(0)
    } catch (error) {
      fail(error)
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function token(claims: Invocation & { command: 'token' }): Promise<void> {
  print(`${await issueToken(readConfig(process.env), claims)}\n`)
}

async function migrate(): Promise<void> {
  await migrateDatabase(readConfig(process.env))
  print('The database is up to date.\n')
  // Prisma's schema engine leaves a timer of 10 s behind, which would keep the process alive.
  process.exit(0)
}

function print(text: string): void {
  process.stdout.write(text)
}

/** Prints the error for the operator and exits: with 2 for a mistake on the command line, with 1 for all others. */
function fail(error: unknown): never {
  console.error(error instanceof Error ? `hookgate: ${error.message}` : error)
  if (error instanceof UsageError) console.error(`\n${USAGE}`)
  process.exit(error instanceof UsageError ? 2 : 1)
}

main(process.argv.slice(2)).catch(fail)
