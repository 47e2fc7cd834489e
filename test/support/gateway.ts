import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type JwtPayload, type SignOptions, sign } from 'jsonwebtoken'
import { atEnd } from './leftovers'
import {
  cleanEnvironment,
  DATA_PARENT,
  databaseUrl,
  MAIN,
  NODE_FLAGS,
  onServer,
  readTemplate,
} from './template'

export const JWT_SECRET = 'a secret of the tests, longer than 32 bytes'

/** A database of one test: the environment of a gateway that uses it, and its removal. */
export interface TestDatabase {
  env: Record<string, string>
  dataDir: string
  remove(): Promise<void>
}

/** An answer of `POST /graphql`. */
export interface GraphqlAnswer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of many shapes
  data?: any
  errors?: { message: string; path?: (string | number)[]; extensions?: Record<string, unknown> }[]
}

export interface RestAnswer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of many shapes
  body: any
}

export interface RestOptions {
  /** null = no Authorization header; default: the admin's */
  token?: string | null
  headers?: Record<string, string>
  /** printed as JSON */
  json?: unknown
  /** sent unchanged */
  body?: string | Uint8Array
}

/** A gateway as users run it: the built program, as a process of its own. */
export interface TestGateway {
  url: string
  adminToken: string
  process: ChildProcess
  database: TestDatabase
  /** its output so far */
  output(): string
  gql(query: string, variables?: Record<string, unknown>, token?: string | null): Promise<GraphqlAnswer>
  /** @param path below /api/v2/webhook/, such as `endpoint/1/` */
  rest(method: string, path: string, options?: RestOptions): Promise<RestAnswer>
  /** Creates an endpoint and returns its REST JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the documented JSON
  createEndpoint(fields?: Record<string, unknown>): Promise<any>
  /** Ends the process and waits for its end; the database stays. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  /** Ends the process and removes its database. */
  stop(): Promise<void>
}

/** Signs a token with the tests' secret. */
export const tokenFor = (
  claims: JwtPayload = { role: 'admin', sub: 'test' },
  options: SignOptions = { expiresIn: '1h' },
) => sign(claims, JWT_SECRET, options)

/** A migrated, empty database: on the server that TEST_DATABASE_URL names, else embedded. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env.TEST_DATABASE_URL
  if (!server) return createEmbeddedDatabase()
  const name = `hookgate_test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${readTemplate().database}`)
  return testDatabase({ DATABASE_URL: databaseUrl(server, name) }, () =>
    onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  )
}

/** An empty embedded database. When the tests run on a server, the first start creates it. */
export async function createEmbeddedDatabase(): Promise<TestDatabase> {
  const database = testDatabase({})
  // A third of the time of fs.cp: a thousand files, most of their 39 MB zeros.
  const { folder } = readTemplate()
  await promisify(execFile)('cp', ['--recursive', '--sparse=always', `${folder}/.`, database.dataDir])
  return database
}

/**
 * A database with a data folder of its own.
 *
 * @param env variables beside the folder; none = embedded in the folder
 */
export function testDatabase(
  env: Record<string, string>,
  drop: () => Promise<void> = async () => undefined,
): TestDatabase {
  const dataDir = mkdtempSync(join(DATA_PARENT, 'hookgate-test-'))
  const removeAll = async () => {
    rmSync(dataDir, { recursive: true, force: true })
    await drop()
  }
  const cancelCleanUp = atEnd(removeAll)
  return {
    env: { HOOKGATE_DATA_DIR: dataDir, ...env },
    dataDir,
    async remove() {
      cancelCleanUp()
      await removeAll()
    },
  }
}

/** Starts a gateway on a database of its own, or on a given one (to start again after a crash). */
export async function startTestGateway(
  env: Record<string, string> = {},
  database?: TestDatabase,
): Promise<TestGateway> {
  const ownDatabase = database ?? (await createTestDatabase())
  return testGateway(
    spawnGateway({ HOOKGATE_JWT_SECRET: JWT_SECRET, ...ownDatabase.env, ...env }),
    ownDatabase,
  )
}

/** Waits until a gateway listens, and returns its functions for tests. */
export async function testGateway(child: SpawnedGateway, database: TestDatabase): Promise<TestGateway> {
  const url = await child.listening
  const adminToken = tokenFor()
  const gateway: TestGateway = {
    url,
    adminToken,
    process: child.process,
    database,
    output: child.output,
    async gql(query, variables, token = adminToken) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization(token) },
        body: JSON.stringify({ query, variables }),
      })
      return { status: response.status, ...((await response.json()) as object) }
    },
    async rest(method, path, { token = adminToken, headers, json, body } = {}) {
      const response = await fetch(`${url}/api/v2/webhook/${path}`, {
        method,
        headers: {
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...authorization(token),
          ...headers,
        },
        body: json === undefined ? body : JSON.stringify(json),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
    },
    async createEndpoint(fields = {}) {
      const json = { target: 'http://127.0.0.1:9999/hook', events: [{ type: 'post.created' }], ...fields }
      const answer = await gateway.rest('POST', 'endpoint/', { json })
      if (answer.status !== 201) throw new Error(`not created: ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    async end(signal = 'SIGTERM') {
      child.process.kill(signal)
      return child.exited
    },
    async stop() {
      await gateway.end()
      await database.remove()
    },
  }
  return gateway
}

export interface SpawnedGateway {
  process: ChildProcess
  /** the URL it listens on; rejects with its output when it ends first */
  listening: Promise<string>
  exited: Promise<number | null>
  output(): string
}

const SERVE = [process.execPath, ...NODE_FLAGS, MAIN, 'serve']

/**
 * Starts `hookgate serve` on a free port, with this environment and nothing of the surrounding one.
 *
 * @param command a command that starts it by way of other processes, such as npm
 */
export function spawnGateway(env: Record<string, string>, command = SERVE): SpawnedGateway {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: join(__dirname, '../..'),
    env: { ...cleanEnvironment(), PORT: '0', ...env },
    stdio: [command === SERVE ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A group of processes, which is killed as a whole.
    detached: true,
  })
  let output = ''
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const cancelCleanUp = atEnd(() => {
    killGroup(child)
    return exited
  })
  void exited.then(cancelCleanUp)
  const listening = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      // A gateway with a public URL prints the address it listens on before all others.
      const url = /(?:GraphiQL|Worker) +(\S+?)(?:\/graphiql|\/healthz|\s)/.exec(output)?.[1]
      if (url) resolve(url)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    exited.then(() => reject(new Error(output)))
  })
  // A test that kills it during its start does not await this.
  listening.catch(() => undefined)
  return { process: child, listening, exited, output: () => output }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // All of them have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` }
