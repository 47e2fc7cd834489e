import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { certificateFor } from '../support/certificate'
import { publish } from '../support/events'
import { spawnGateway, startTestGateway, type TestDatabase, testDatabase } from '../support/gateway'
import {
  freePort,
  giveToPostgres,
  type PrivatePostgres,
  startPrivatePostgres,
} from '../support/private-postgres'
import { startReplicatedPostgres } from '../support/replicated-postgres'
import { onServer } from '../support/template'
import { until } from '../support/until'

const PASSWORD = 'S3CR3T/one#two:three?four@five'

/** A cluster with TLS: whose hba file wants a password of `secretive`, and TLS of `encrypted`. */
async function startWithTls() {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-postgres-'))
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    giveToPostgres(path)
    return path
  }
  const { cert, key } = certificateFor('localhost')
  const rootCert = join(mkdtempSync(join(tmpdir(), 'hookgate-root-')), 'root.crt')
  writeFileSync(rootCert, cert)
  const rules = [
    'host all secretive all scram-sha-256',
    'hostssl all encrypted all trust',
    'hostnossl all encrypted all reject',
    'host all all all trust',
    'local all all trust',
    'host replication all all trust',
  ]
  const postgres = await startPrivatePostgres({
    folder,
    settings: {
      ssl: 'on',
      ssl_cert_file: write('server.crt', cert),
      ssl_key_file: write('server.key', key),
      hba_file: write('pg_hba.conf', `${rules.join('\n')}\n`),
    },
  })
  await onServer(postgres.url, `CREATE ROLE secretive LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
  await onServer(postgres.url, 'CREATE ROLE encrypted LOGIN SUPERUSER')
  await postgres.createDatabase('hookgate')
  return { postgres, folder, rootCert, port: new URL(postgres.url).port }
}

const at = (url: string): TestDatabase => testDatabase({ DATABASE_URL: url })

/** Starts, works and stops. @returns how many of its connections are encrypted, and how many there are */
async function work(url: string, admin: string): Promise<{ encrypted: number; all: number }> {
  const gateway = await startTestGateway({}, at(url))
  await gateway.createEndpoint()
  await publish(gateway)
  const client = new Client({ connectionString: admin })
  await client.connect()
  const { rows } = await client
    .query(
      `SELECT count(*) FILTER (WHERE ssl)::integer AS encrypted, count(*)::integer AS all
      FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'hookgate%'`,
    )
    .finally(() => client.end())
  expect(gateway.output()).not.toContain('S3CR3T')
  expect(await gateway.end()).toBe(0)
  return rows[0]
}

/** What a start that is refused prints: one line. */
async function failedStart(url: string): Promise<string> {
  const child = spawnGateway({ HOOKGATE_JWT_SECRET: 'x'.repeat(32), DATABASE_URL: url })
  const failure: string = await child.listening.then(
    () => 'it has started',
    ({ message }) => message,
  )
  child.process.kill('SIGKILL')
  expect(failure).not.toMatch(/S3CR3T|one#two|two:three|four@five/)
  expect(failure).not.toMatch(/\n +at /)
  return failure.trim()
}

let server: Awaited<ReturnType<typeof startWithTls>>
let plain: PrivatePostgres

beforeAll(async () => {
  server = await startWithTls()
  plain = await startPrivatePostgres()
  await plain.createDatabase('hookgate')
})

const admin = () => server.postgres.url

describe('sslmode', () => {
  const address = (host: string, query: string, user = 'postgres') =>
    `postgresql://${user}@${host}:${server.port}/hookgate?${query}`

  it.each(['require', 'prefer'])('%s encrypts by a certificate of a private authority', async (mode) => {
    const { encrypted, all } = await work(address('localhost', `sslmode=${mode}`), admin())
    expect(encrypted).toBe(all)
  })

  it('may be left out where the server wants encryption', async () => {
    const { encrypted, all } = await work(address('127.0.0.1', '', 'encrypted'), admin())
    expect(encrypted).toBe(all)
  })

  it('disable does not encrypt', async () => {
    expect((await work(address('127.0.0.1', 'sslmode=disable'), admin())).encrypted).toBe(0)
  })

  it('prefer goes without encryption where the server has none', async () => {
    const url = plain.url.replace('/postgres?', '/').replace(/\/postgres$/, '/hookgate?sslmode=prefer')
    expect((await work(url, plain.url)).encrypted).toBe(0)
  })

  it('require is refused where the server has none, and says so', async () => {
    const failure = await failedStart(plain.url.replace(/\/postgres$/, '/hookgate?sslmode=require'))
    expect(failure).toContain('does not offer TLS')
    expect(failure).toContain('(DATABASE_URL)')
  })

  it('verify-full wants the authority by sslrootcert', async () => {
    const failure = await failedStart(address('localhost', 'sslmode=verify-full'))
    expect(failure).toContain(
      `localhost:${server.port} has a certificate of an authority that is not trusted here`,
    )
    expect(failure).toContain('sslrootcert=')
    await work(address('localhost', `sslmode=verify-full&sslrootcert=${server.rootCert}`), admin())
  })

  it('verify-full wants the name of the certificate, verify-ca does not', async () => {
    const root = `sslrootcert=${server.rootCert}`
    expect(await failedStart(address('127.0.0.1', `sslmode=verify-full&${root}`))).toContain(
      'has a certificate for another name',
    )
    await work(address('127.0.0.1', `sslmode=verify-ca&${root}`), admin())
    // As in libpq: a root certificate is there to be used.
    await work(address('127.0.0.1', `sslmode=require&${root}`), admin())
  })

  it('names the file that cannot be read', async () => {
    const failure = await failedStart(address('localhost', 'sslmode=verify-full&sslrootcert=/none/ca.crt'))
    expect(failure).toContain('names a file as sslrootcert that cannot be read: /none/ca.crt (ENOENT)')
  })
})

describe('a password', () => {
  it('with /, #, :, ? and @ is taken unchanged', async () => {
    await work(`postgresql://secretive:${PASSWORD}@127.0.0.1:${server.port}/hookgate`, admin())
  })

  it('that is wrong is refused without being repeated', async () => {
    const failure = await failedStart(`postgresql://secretive:${PASSWORD}x@127.0.0.1:${server.port}/hookgate`)
    expect(failure).toContain(`127.0.0.1:${server.port}`)
    expect(failure).toContain('password authentication failed')
  })

  it.each([
    [
      'a server that is not there',
      (url: string) => url.replace('HOST', '127.0.0.1:1'),
      'The database server at 127.0.0.1:1 does not answer (DATABASE_URL): 127.0.0.1:1 refuses connections',
    ],
    ['an unknown name', (url: string) => url.replace('HOST', 'db.invalid'), 'db.invalid:5432 is'],
    [
      'an address that cannot be read',
      (url: string) => url.replace('HOST', 'a b'),
      'DATABASE_URL must be an address',
    ],
  ])('is not repeated in the error about %s', async (_case, place, words) => {
    expect(await failedStart(place(`postgresql://u:${PASSWORD}@HOST/d`))).toContain(words)
  })
})

describe('a server', () => {
  it('is found by its unix socket', async () => {
    const { encrypted, all } = await work(
      `postgresql://postgres@/hookgate?host=${server.folder}&port=${server.port}`,
      admin(),
    )
    expect([encrypted, all > 0]).toEqual([0, true])
    await work(`postgresql://postgres@${encodeURIComponent(server.folder)}:${server.port}/hookgate`, admin())
  })

  it('is found behind others that are gone', async () => {
    const gone = await freePort()
    await work(`postgresql://postgres@127.0.0.1:${gone},127.0.0.1:${server.port}/hookgate`, admin())
    const failure = await failedStart(`postgresql://postgres@127.0.0.1:${gone},db.invalid/hookgate`)
    expect(failure).toContain(`127.0.0.1:${gone} refuses connections`)
    expect(failure).toContain('db.invalid:5432')
  })

  it.each(['', 'target_session_attrs=read-write', 'target_session_attrs=primary'])(
    'that can be written to is found among standbys, and after a failover (%s)',
    async (query) => {
      const { primary, standby, url } = await startReplicatedPostgres('hookgate')
      const gateway = await startTestGateway({}, at(url('hookgate', query, 'standby')))
      await gateway.createEndpoint()
      await primary.stop('fast')
      await standby.promote()
      const isPublished = async () =>
        (await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })).status === 201
      await until(isPublished, 20_000)
      await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 200, 20_000)
      expect(await gateway.end()).toBe(0)
    },
  )
})
