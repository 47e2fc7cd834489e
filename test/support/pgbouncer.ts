import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './leftovers'
import { asPostgres, freePort, giveToPostgres } from './private-postgres'
import { databaseUrl } from './template'
import { until } from './until'

const PGBOUNCER = '/usr/sbin/pgbouncer'

/** A PgBouncer of one test. */
export interface TestPgBouncer {
  /** the URL of a database through it */
  url(database: string): string
  end(): Promise<void>
}

/**
 * Starts PgBouncer in front of a server, on a free port.
 *
 * @param server where databases are, without a password
 * @param settings of the section [pgbouncer], beside those that every test needs
 */
export async function startPgBouncer(
  server: string,
  settings: Record<string, string | number>,
): Promise<TestPgBouncer> {
  if (!existsSync(PGBOUNCER)) throw new Error('PgBouncer is missing: apt-get install pgbouncer')
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-pgbouncer-'))
  giveToPostgres(folder)
  const { hostname, port: serverPort, username } = new URL(server)
  const port = await freePort()
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  })
  const config = join(folder, 'pgbouncer.ini')
  writeFileSync(
    config,
    `[databases]\n* = host=${hostname} port=${serverPort || 5432} user=${username}\n\n[pgbouncer]\n${lines
      .map(([name, value]) => `${name} = ${value}`)
      .join('\n')}\n`,
    { mode: 0o644 },
  )
  const [program, args, options] = asPostgres(PGBOUNCER, [config])
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const cancelCleanUp = atEnd(() => {
    child.kill('SIGKILL')
    remove()
    return exited
  })
  await until(async () => {
    if (hasEnded(child)) throw new Error(`PgBouncer has ended: ${output}`)
    return accepts(port)
  })
  return {
    url: (database) => databaseUrl(`postgresql://${username}@127.0.0.1:${port}`, database),
    async end() {
      cancelCleanUp()
      child.kill('SIGTERM')
      await exited
      remove()
    },
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
