import { randomUUID } from 'node:crypto'
import { type DatabaseAddress, placeOf } from './address/database-address'
import { Routes } from './address/routes'
import { connectClient } from './connect-client'
import { ConnectionFault } from './connection-fault'
import type { ServerAccess } from './server-access'
import type { ServerClient } from './server-client'
import {
  connectionSettings,
  FIRST_SETTINGS,
  type ServerFacts,
  type Settings,
  transactionSettings,
} from './session-settings'

/** A database that cannot be used as it is. The message is for the operator. */
export class UnusableDatabaseError extends Error {
  override name = 'UnusableDatabaseError'
}

/** How to connect, and what stands where. */
export interface ProbedServer {
  access: ServerAccess
  /** the schema of the tables, which may not exist yet */
  schema: string
}

export interface ProbeOptions {
  /** the variable that holds the address, for messages */
  variable: string
  /** whether the operator says that `variable` leads to a pooler in transaction mode */
  isPooled: boolean
}

/**
 * Finds out how connections to a database get their settings, and where its tables are. Refuses what cannot work before anything
 * is stored: a pooler that is not announced.
 *
 * @throws UnusableDatabaseError; ConnectionFault
 */
export async function probeServer(address: DatabaseAddress, options: ProbeOptions): Promise<ProbedServer> {
  const routes = new Routes(address)
  const first: ServerAccess = { address, routes, settings: FIRST_SETTINGS, settingsBy: 'startup' }
  if (options.isPooled) {
    const access: ServerAccess = { ...first, settings: {}, settingsBy: 'transaction' }
    const { facts } = await withClient(access, (client) => readFacts(client, address))
    return probed({ ...access, settings: transactionSettings(facts) }, facts)
  }
  const { facts, isDirect } = await withClient(first, (client) => readFacts(client, address)).catch(
    (error) => {
      throw startupError(error, address, options) ?? error
    },
  )
  if (isDirect) return probed({ ...first, settings: connectionSettings(facts) }, facts)
  // Settings of ours would stay on the connections of a pooler in transaction mode, for its other clients.
  if (!(await keepsSessions({ ...first, settings: {} }))) throw notAnnounced(address, options)
  return probed({ ...first, settings: connectionSettings(facts), settingsBy: 'statement' }, facts)
}

const probed = (access: ServerAccess, { searchPath: [schema = 'public'] }: ServerFacts): ProbedServer => ({
  access,
  schema,
})

async function withClient<Result>(
  access: ServerAccess,
  act: (client: ServerClient) => Promise<Result>,
): Promise<Result> {
  const client = await connectClient(access)
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}

interface FactsRow {
  backend: number
  lock_timeout: string
  version: number
  synchronous_commit: string
  /** schemas of the search_path that exist, in order */
  path: string[]
  /** those of them that hold tables of ours */
  ours: string[]
  /** where the extension pg_trgm is */
  trigrams: string | null
}

const FACTS = `
  SELECT pg_backend_pid() AS backend,
    current_setting('lock_timeout') AS lock_timeout,
    current_setting('server_version_num')::integer AS version,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_schemas(false)::text[] AS path,
    ARRAY(
      SELECT nspname::text FROM pg_class JOIN pg_namespace namespace ON namespace.oid = relnamespace
      WHERE relname IN ('_prisma_migrations', 'installed_functions') AND nspname = ANY (current_schemas(false))
      GROUP BY nspname HAVING count(*) = 2
    ) AS ours,
    (SELECT nspname::text FROM pg_extension JOIN pg_namespace namespace ON namespace.oid = extnamespace
      WHERE extname = 'pg_trgm') AS trigrams`

async function readFacts(
  client: ServerClient,
  address: DatabaseAddress,
): Promise<{ facts: ServerFacts; isDirect: boolean }> {
  const { rows } = await client.query(FACTS)
  const [row] = rows as [FactsRow]
  const schema = address.schema ?? row.path.find((each) => row.ours.includes(each)) ?? row.path[0] ?? 'public'
  const others = row.trigrams === null || row.trigrams === schema ? [] : [row.trigrams]
  return {
    facts: {
      version: row.version,
      searchPath: [schema, ...others],
      synchronousCommit: row.synchronous_commit,
    },
    // A pooler has a number of its own as the process, and may drop settings from the first message.
    isDirect: row.backend === client.backend && row.lock_timeout === printed(FIRST_SETTINGS),
  }
}

/** The lock_timeout as PostgreSQL prints it. */
const printed = ({ lock_timeout }: Settings) => `${Number(lock_timeout) / 1_000}s`

/** PostgreSQL would take every start-up parameter that we send. */
function startupError(
  error: unknown,
  address: DatabaseAddress,
  { variable }: ProbeOptions,
): UnusableDatabaseError | undefined {
  if (!(error instanceof ConnectionFault)) return undefined
  const { message = '' } = (error.cause ?? {}) as { message?: string }
  if (!/startup parameter|command-line options/i.test(message)) return undefined
  return new UnusableDatabaseError(
    `The server at ${placeOf(address)} is a pooler (${message}): ${remedy(variable)}, or, for a pooler in session mode, add \`ignore_startup_parameters = options\` to its configuration.`,
    { cause: error },
  )
}

const notAnnounced = (address: DatabaseAddress, { variable }: ProbeOptions) =>
  new UnusableDatabaseError(
    `The server at ${placeOf(address)} is a pooler in transaction mode, which keeps no session: ${remedy(variable)}.`,
  )

const remedy = (variable: string) =>
  variable === 'DATABASE_URL'
    ? 'set HOOKGATE_DATABASE_POOLED=true and, for migrations and notifications, HOOKGATE_DATABASE_DIRECT_URL to the server behind it'
    : `set ${variable} to the server behind it`

const ROUNDS = 3

/**
 * Whether a setting of one connection stays there, and is not seen by another one. A pooler in transaction mode hands the first
 * connection's server to the second. Other clients of the pooler may hide that, so look more than once.
 */
async function keepsSessions(access: ServerAccess): Promise<boolean> {
  return withClient(access, (one) =>
    withClient(access, async (other) => {
      const read = async (client: ServerClient) =>
        (await client.query("SELECT current_setting('hookgate.session', true) AS mark")).rows[0].mark
      for (let round = 0; round < ROUNDS; round += 1) {
        const mark = randomUUID()
        await one.query("SELECT set_config('hookgate.session', $1, false)", [mark])
        // The transaction holds the server that the other connection got.
        await other.query('BEGIN')
        const [ownMark, otherMark] = [await read(one), await read(other)]
        await other.query('ROLLBACK')
        if (ownMark !== mark || otherMark === mark) return false
      }
      await one.query("SELECT set_config('hookgate.session', '', false)")
      return true
    }),
  )
}
