import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCutOffProxy } from '../support/cut-off-proxy'
import { attemptsOf, publish } from '../support/events'
import {
  createEmbeddedDatabase,
  createTestDatabase,
  spawnGateway,
  startTestGateway,
  type TestGateway,
  tokenFor,
} from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { embeddedOnly, serverOnly } from '../support/server-only'
import { cleanEnvironment, MAIN, NODE_FLAGS } from '../support/template'
import { until } from '../support/until'

function run(args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    env: { ...cleanEnvironment(), ...env },
    encoding: 'utf8',
  })
}

/** Runs during all tests, for those that only send requests to it or read its output. */
let running: TestGateway
beforeAll(async () => {
  running = await startTestGateway({ LOG_LEVEL: 'trace' })
})
afterAll(() => running?.stop())

describe('hookgate serve', () => {
  it('prints its addresses and, in development, an admin token that works', async () => {
    for (const path of ['/graphql', '/graphiql', '/api/v2/webhook/endpoint/']) {
      expect(running.output()).toContain(`${running.url}${path}\n`)
    }
    await until(() => /token.*: \S+\n/.test(running.output()))
    const token = /token.*: (\S+)/.exec(running.output())?.[1] ?? ''
    expect((await running.rest('GET', 'endpoint/', { token })).status).toBe(200)
  })

  it('logs in words on a terminal', async () => {
    const database = await createTestDatabase()
    // From Debian's bsdutils, which is always installed: gives its command a terminal.
    const command = `exec ${process.execPath} ${NODE_FLAGS.join(' ')} ${MAIN} serve`
    const terminal = spawnGateway(database.env, [
      'script',
      '--quiet',
      '--flush',
      '--return',
      '--command',
      command,
      '/dev/null',
    ])
    const url = await terminal.listening
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    await until(() => /INFO.*request/.test(terminal.output()))
    // Ctrl-C.
    terminal.process.stdin?.write('\u0003')
    expect(await terminal.exited).toBe(0)
    await database.remove()
  })

  it('names every bad, missing or unknown variable in one error', () => {
    const { status, stderr, stdout } = run(['serve'], {
      PORT: 'many',
      HOOKGATE_JWT_SECRET: 'short-and-secret',
      HOOKGATE_ALOW_HTTP: 'true',
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/PORT .*\n.*HOOKGATE_JWT_SECRET .*\n.*HOOKGATE_ALOW_HTTP /)
    expect(stderr + stdout).not.toContain('short-and-secret')
    expect(run(['serve'], { NODE_ENV: 'production' }).stderr).toMatch(
      /HOOKGATE_JWT_SECRET[\s\S]*HOOKGATE_ENCRYPTION_KEY/,
    )
  })

  it('reports in one sentence that the port is taken', async () => {
    const database = await createTestDatabase()
    const second = spawnGateway({ ...database.env, PORT: new URL(running.url).port })
    await expect(second.listening).rejects.toThrow(/EADDRINUSE/)
    expect(await second.exited).toBe(1)
    await database.remove()
  })

  serverOnly('reports that the database server does not answer', () => {
    const { status, stderr } = run(['serve'], { DATABASE_URL: 'postgresql://someone:pass@127.0.0.1:1/none' })
    expect([status, stderr]).toEqual([
      1,
      'hookgate: The database server at 127.0.0.1:1 does not answer (DATABASE_URL): 127.0.0.1:1 refuses connections, because no server listens there.\n',
    ])
  })

  it("reads the operator's catalogue and keeps types that endpoints still listen to", async () => {
    const first = await startTestGateway()
    const { id } = await first.createEndpoint()
    await first.end()
    const file = join(first.database.dataDir, 'types.json')
    writeFileSync(
      file,
      JSON.stringify([{ type: 'order.paid', group: 'order', description: 'An order is paid.' }]),
    )
    const second = await startTestGateway({ HOOKGATE_EVENT_TYPES: file }, first.database)
    expect((await second.rest('GET', 'endpoint/event/')).body).toEqual(['order.paid'])
    expect((await second.rest('GET', `endpoint/${id}/`)).body.events).toMatchObject([
      { type: 'post.created' },
    ])
    const patch = (type: string) => second.rest('PATCH', `endpoint/${id}/`, { json: { events: [{ type }] } })
    expect((await patch('post.created')).body.errors[0].messages[0].code).toBe('unknown_event_type')
    expect((await patch('order.paid')).status).toBe(200)
    await second.stop()
  })
})

describe('hookgate token', () => {
  it('prints only a token, for the given role, subject and lifetime, while the gateway runs', async () => {
    const database = await createTestDatabase()
    const gateway = spawnGateway(database.env)
    const url = await gateway.listening
    const args = ['token', '--role', 'publisher', '--sub', 'shop', '--ttl', '2h']
    const { stdout, status } = run(args, { HOOKGATE_DATA_DIR: database.dataDir })
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)])
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ role: 'publisher', sub: 'shop' })
    expect(claims.exp - claims.iat).toBe(7200)

    const admin = run(['token'], { HOOKGATE_DATA_DIR: database.dataDir }).stdout.trim()
    const response = await fetch(`${url}/api/v2/webhook/endpoint/`, {
      headers: { authorization: `Bearer ${admin}` },
    })
    expect(response.status).toBe(200)
    gateway.process.kill()
    await gateway.exited
    await database.remove()
  })

  it.each([[['token', '--role', 'root']], [['token', '--ttl', 'soon']], [['token', '--nope']], [['nope']]])(
    'refuses %j with the usage',
    (args) => {
      const { status, stdout, stderr } = run(args)
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toContain('Usage: hookgate')
    },
  )
})

describe('the data folder', () => {
  embeddedOnly('is refused to a second process in a clear sentence', async () => {
    const { status, stderr } = run(['serve'], { PORT: '0', ...running.database.env })
    expect(status).toBe(1)
    expect(stderr).toContain(`The data folder ${running.database.dataDir} is in use`)
    expect(stderr).toContain(`pid ${running.process.pid}`)
    const created = await running.createEndpoint()
    expect((await running.rest('GET', `endpoint/${created.id}/`)).status).toBe(200)
  })

  embeddedOnly(
    'builds a new database in place of one that a kill during the first start left incomplete',
    async () => {
      const database = await createTestDatabase()
      rmSync(join(database.dataDir, 'postgres', 'global'), { recursive: true })
      writeFileSync(join(database.dataDir, 'postgres.unfinished'), '')
      const gateway = await startTestGateway({}, database)
      expect((await gateway.createEndpoint()).id).toBe(1)
      await gateway.stop()
    },
  )

  it('keeps every acknowledged change through kill -9', async () => {
    let gateway = await startTestGateway()
    const { id } = await gateway.createEndpoint()
    let acknowledged = 0
    for (let round = 0; round < 3; round += 1) {
      const before = acknowledged
      const writing = (async () => {
        for (let next = acknowledged + 1; ; next += 1) {
          const answer = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { description: `${next}` } })
          if (answer.status !== 200) return
          acknowledged = next
        }
      })().catch(() => undefined)
      await until(() => acknowledged >= before + 10)
      await gateway.end('SIGKILL')
      await writing
      gateway = await startTestGateway({}, gateway.database)
      const { body } = await gateway.rest('GET', `endpoint/${id}/`)
      // The patch in progress at the kill may have been stored without an answer.
      expect([acknowledged, acknowledged + 1]).toContain(Number(body.description))
      acknowledged = Number(body.description)
    }
    await gateway.stop()
  })
})

describe('health', () => {
  it('is alive and ready without a token', async () => {
    const get = async (path: string) => {
      const response = await fetch(`${running.url}${path}`)
      return [response.status, await response.json()]
    }
    expect(await get('/healthz')).toEqual([200, { status: 'alive' }])
    expect(await get('/readyz')).toEqual([200, { status: 'ready' }])
  })

  serverOnly(
    'answers 503 while the database does not answer, without internal details, and recovers by itself',
    async () => {
      const database = await createTestDatabase()
      const proxy = await startCutOffProxy(database.env.DATABASE_URL)
      const gateway = await startTestGateway({ DATABASE_URL: proxy.url }, database)
      const { id } = await gateway.createEndpoint()

      proxy.cut()
      const ready = await fetch(`${gateway.url}/readyz`)
      expect(ready.status).toBe(503)
      const rest = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: false } })
      expect([rest.status, rest.body.errors[0].code]).toEqual([503, 'service_unavailable'])
      expect(rest.headers.get('retry-after')).toMatch(/^\d+$/)
      const graphql = await gateway.gql(`{ webhookEndpoint(id: ${id}) { id } }`)
      expect(graphql.errors?.[0]?.extensions?.code).toBe('SERVICE_UNAVAILABLE')
      const errorIds = [
        /\(([0-9a-f-]{36})\)$/.exec(rest.body.errors[0].message)?.[1],
        graphql.errors?.[0]?.extensions?.errorId,
      ]
      for (const errorId of errorIds) await until(() => gateway.output().includes(`"errorId":"${errorId}"`))
      expect(JSON.stringify([rest.body, graphql])).not.toMatch(/ECONN|127\.0\.0\.1|prisma|postgres/i)
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)

      proxy.restore()
      await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 200)
      const { body } = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: false } })
      expect(body.is_active).toBe(false)
      await gateway.stop()
      proxy.close()
    },
  )
})

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s finishes the requests in flight and exits with 0',
    async (signal) => {
      const gateway = await startTestGateway()
      const { id } = await gateway.createEndpoint()
      const answers = Promise.all(
        Array.from({ length: 20 }, (_, turn) =>
          gateway
            .rest('PATCH', `endpoint/${id}/`, { json: { description: `${turn}` } })
            .then((answer) => answer.status)
            // Not yet accepted when the gateway stopped.
            .catch(() => 'refused' as const),
        ),
      )
      await until(() => gateway.output().includes('"PATCH"'))
      const code = await gateway.end(signal)
      expect(code).toBe(0)
      for (const status of await answers) expect([200, 503, 'refused']).toContain(status)
      await gateway.database.remove()
    },
  )

  it('waits for a start in progress and exits with 0', async () => {
    const database = await createEmbeddedDatabase()
    const child = spawnGateway(database.env)
    await until(() => existsSync(join(database.dataDir, 'lock')))
    child.process.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    await database.remove()
  })

  it('by two signals, as from a terminal through npm, happens once', async () => {
    const gateway = await startTestGateway({ LOG_LEVEL: 'warn' })
    const receiver = await startReceiver(() => ({ status: 204, afterMs: 1_500 }))
    const { id } = await gateway.createEndpoint({ target: receiver.url })
    await publish(gateway)
    await until(() => receiver.open() === 1)
    gateway.process.kill('SIGINT')
    await sleep(200)
    expect(await gateway.end('SIGINT')).toBe(0)
    const again = await startTestGateway({}, gateway.database)
    expect((await attemptsOf(again, id)).map(({ responseStatus }) => responseStatus)).toEqual([204])
    await again.stop()
    await receiver.close()
  })

  it('reaches a gateway that npm start runs', async () => {
    const database = await createTestDatabase()
    const npm = spawnGateway(database.env, ['npm', 'start'])
    await npm.listening
    npm.process.kill('SIGTERM')
    // Resolves when all processes have closed their output: the gateway as well as npm and its shell.
    expect(await npm.exited).toBe(0)
    await database.remove()
  })
})

it('never writes a token, a secret or a signing secret to its log', async () => {
  const token = tokenFor({ role: 'admin', sub: 'someone' })
  await running.rest('GET', 'endpoint/', { token })
  await running.gql('{ webhookEventTypes { type } }', {}, token)
  await running.rest('GET', 'endpoint/', { token: `${token}x` })
  await running.createEndpoint()
  await running.end()
  expect(running.output()).toContain('"path":"/graphql"')
  expect(running.output()).not.toContain(token.split('.')[2])
  expect(running.output()).not.toMatch(/whsec_|Bearer/)
})
