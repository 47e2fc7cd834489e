import { execFile, execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestDatabase, testDatabase } from './gateway'
import { atEnd } from './leftovers'
import { databaseUrl, onServer } from './template'
import { until } from './until'

/** A PostgreSQL cluster of one test, which may stop it, start it and fill its disk. */
export interface PrivatePostgres {
  /** its database `postgres` */
  url: string
  /** Creates an empty database in it, which the first gateway brings up to date. */
  createDatabase(name: string): Promise<TestDatabase>
  /** @param mode `immediate` = like a crash: connections break, and the next start recovers from the log */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  /** Starts it again and waits until it answers. */
  start(): Promise<void>
  /** Makes a standby the primary, and waits until it is. */
  promote(): Promise<void>
  /** Ends every process of it at once, as a machine does that dies; waits until they are gone. */
  kill(): Promise<void>
  /** Stops every process of it, as a machine does that is cut off: connections stay open, and nothing answers. Then kill it. */
  freeze(): void
  /** True when its main process is there. */
  isRunning(): boolean
}

export interface PrivatePostgresOptions {
  /** a folder for the data; default: a new one */
  folder?: string
  /** a folder for its log of writes (WAL); default: with the data */
  walFolder?: string
  /** a running cluster that this one follows, as a copy that cannot be written to */
  standbyOf?: PrivatePostgres
  /** of postgresql.conf, beside those that every test needs */
  settings?: Record<string, string | number>
}

/** Where Debian's packages put a version's programs; undefined = PostgreSQL's server is not installed. */
export const POSTGRES_PROGRAMS = newestProgramsOf('/usr/lib/postgresql')

/** Starts a cluster on a free port. It is gone, with its data, when the test file ends. */
export async function startPrivatePostgres(options: PrivatePostgresOptions = {}): Promise<PrivatePostgres> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'hookgate-postgres-'))
  const { walFolder } = options
  const folders = walFolder ? [folder, walFolder] : [folder]
  for (const each of folders) giveToPostgres(each)
  const data = join(folder, 'data')
  let isFrozen = false
  atEnd(() => {
    if (isFrozen) for (const pid of processesIn(data)) process.kill(pid, 'SIGKILL')
    else if (isRunningIn(data)) execFileSync(...asPostgres('pg_ctl', stopping(data, 'immediate')))
    for (const each of folders) rmSync(each, { recursive: true, force: true })
  })
  const wal = walFolder ? ['-X', join(walFolder, 'wal')] : []
  if (options.standbyOf) {
    const from = new URL(options.standbyOf.url)
    const source = ['-h', from.hostname, '-p', from.port, '-U', 'postgres']
    await run('pg_basebackup', [
      '-D',
      data,
      ...source,
      '--write-recovery-conf',
      '--checkpoint=fast',
      '--no-sync',
    ])
  } else {
    await run('initdb', [
      '-D',
      data,
      '-U',
      'postgres',
      '--auth=trust',
      '--no-sync',
      '--wal-segsize=1',
      ...wal,
    ])
  }
  const port = await freePort()
  const settings = Object.entries({
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: 60,
    // A cluster that is killed leaves no shared memory behind.
    dynamic_shared_memory_type: 'mmap',
    ...options.settings,
  }).map(([name, value]) => `-c ${name}=${value}`)
  const starting = ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings.join(' '), 'start']
  const postgres: PrivatePostgres = {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async createDatabase(name) {
      await onServer(postgres.url, `CREATE DATABASE ${name}`)
      return testDatabase({ DATABASE_URL: databaseUrl(postgres.url, name) })
    },
    stop: (mode) => run('pg_ctl', stopping(data, mode)),
    start: () => run('pg_ctl', starting),
    promote: () => run('pg_ctl', ['-D', data, '-w', 'promote']),
    async kill() {
      const pids = processesIn(data)
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      isFrozen = false
      await until(() => pids.every((pid) => !isAlive(pid)))
    },
    freeze() {
      isFrozen = true
      for (const pid of processesIn(data)) process.kill(pid, 'SIGSTOP')
    },
    isRunning: () => isRunningIn(data),
  }
  await postgres.start()
  return postgres
}

const stopping = (data: string, mode: string) => ['-D', data, '-m', mode, '-w', 'stop']

/** The main process, which removes the file when it ends in order; undefined = there is none. */
function mainProcessIn(data: string): number | undefined {
  const path = join(data, 'postmaster.pid')
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n', 1)[0]) : undefined
}

function isRunningIn(data: string): boolean {
  const pid = mainProcessIn(data)
  return pid !== undefined && isAlive(pid)
}

/** The main process and its children, the main process first: it would start new ones. */
function processesIn(data: string): number[] {
  const main = mainProcessIn(data)
  if (main === undefined) return []
  const others = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && statOf(Number(name))?.parent === main,
  )
  return [main, ...others.map(Number)]
}

/** False for a process that has ended and that nobody has waited for. */
const isAlive = (pid: number) => !['Z', 'X', undefined].includes(statOf(pid)?.state)

/** See proc(5), stat; undefined = there is no such process. */
function statOf(pid: number): { state: string | undefined; parent: number } | undefined {
  try {
    // The name of the program may hold anything but ends at the last parenthesis.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { state, parent: Number(parent) }
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))) return undefined
    throw error
  }
}

async function run(program: string, args: string[]): Promise<void> {
  await promisify(execFile)(...asPostgres(program, args))
}

/**
 * PostgreSQL and PgBouncer refuse to run as root: root runs them as the user that Debian makes for PostgreSQL.
 *
 * @param program of PostgreSQL, or a path
 */
export function asPostgres(
  program: string,
  args: string[],
): [command: string, args: string[], { cwd: string }] {
  const path = program.startsWith('/') ? program : join(POSTGRES_PROGRAMS ?? '', program)
  const identity = ['--reuid=postgres', '--regid=postgres', '--clear-groups']
  // The user postgres has no access to some folders.
  const options = { cwd: '/' }
  return isRoot() ? ['setpriv', [...identity, path, ...args], options] : [path, args, options]
}

export const isRoot = () => userInfo().uid === 0

export function giveToPostgres(folder: string): void {
  if (!isRoot()) return
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  chownSync(folder, id('-u'), id('-g'))
}

function newestProgramsOf(folder: string): string | undefined {
  let versions: string[]
  try {
    versions = readdirSync(folder)
  } catch {
    return undefined
  }
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1)
  return newest && join(folder, newest, 'bin')
}

/** The start fails when another process takes the port before it. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('A TCP server has a port')
  return address.port
}
