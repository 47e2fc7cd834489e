import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { issueToken } from './auth/issue-token'
import { readConfig } from './config'
import { type Gateway, migrateDatabase, startGateway } from './gateway'

const USAGE = `Usage: hookgate COMMAND

  serve                                     starts the gateway
  token [--role admin] [--sub NAME] [--ttl 1h]
                                            prints a bearer token; roles: admin, publisher
  migrate                                   brings the database up to date

Everything else is set by environment variables: see the README.
`

/** A start that takes longer than this, waiting for another process's migrations, is not waited for. */
const START_WITHIN_MS = 10_000

/** A mistake on the command line. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args
  if (command === undefined || command === 'help' || command === '--help') process.stdout.write(USAGE)
  else if (command === 'serve') await serve(rest)
  else if (command === 'token') await token(rest)
  else if (command === 'migrate') await migrate(rest)
  else throw new UsageError(`There is no command ${JSON.stringify(command)}.`)
}

async function serve(args: string[]): Promise<void> {
  readOptions(args, {})
  const config = readConfig(process.env)
  // Begun in a moment, when signals are already listened to.
  const starting = Promise.resolve().then(() => startGateway(config))
  stopOnSignal(starting)
  const gateway = await starting
  void gateway.crashed.then(fail)
  const { url } = gateway
  const doors = [
    `GraphQL    ${url}/graphql`,
    `GraphiQL   ${url}/graphiql`,
    `REST       ${url}/api/v2/webhook/endpoint/`,
  ]
  const lines = gateway.servesApi ? doors : [`Worker     ${url}/healthz`]
  if (gateway.servesApi && gateway.developmentToken) {
    lines.push(`Admin token for development (12 h): ${gateway.developmentToken}`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/**
 * A signal that comes while the gateway starts stops it as soon as it has. Others that follow change nothing: npm passes
 * on what a terminal has sent to all of them already, and the stop takes a limited time.
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

async function token(args: string[]): Promise<void> {
  const {
    role = 'admin',
    sub,
    ttl = '1h',
  } = readOptions(args, {
    role: { type: 'string' },
    sub: { type: 'string' },
    ttl: { type: 'string' },
  })
  if (role !== 'admin' && role !== 'publisher') throw new UsageError('--role must be admin or publisher.')
  if (!/^[1-9]\d{0,8} ?(s|m|h|d|w)$/.test(ttl))
    throw new UsageError('--ttl must be a duration such as 30s, 15m, 1h, 7d.')
  const printed = await issueToken(readConfig(process.env), { role, subject: sub ?? role, ttl })
  process.stdout.write(`${printed}\n`)
}

async function migrate(args: string[]): Promise<void> {
  readOptions(args, {})
  await migrateDatabase(readConfig(process.env))
  process.stdout.write('The database is up to date.\n')
}

function readOptions(
  args: string[],
  options: Record<string, { type: 'string' }>,
): Record<string, string | undefined> {
  try {
    return parseArgs({ args, options }).values as Record<string, string | undefined>
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? `hookgate: ${error.message}` : error)
  if (error instanceof UsageError) console.error(`\n${USAGE}`)
  process.exit(error instanceof UsageError ? 2 : 1)
}

main(process.argv.slice(2)).catch(fail)
