import { startCutOffProxy } from '../support/cut-off-proxy'
import { connectTo } from '../support/database-connections'
import { PUBLISH } from '../support/event-documents'
import { startTestGateway, type TestDatabase, type TestGateway } from '../support/gateway'
import { type PrivatePostgres, startPrivatePostgres } from '../support/private-postgres'
import { onServer } from '../support/template'
import { until } from '../support/until'

const CONNECTIONS = 4

let postgres: PrivatePostgres
let database: TestDatabase
let gateway: TestGateway

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  database = await postgres.createDatabase('hookgate')
  gateway = await startTestGateway({ HOOKGATE_DATABASE_CONNECTIONS: String(CONNECTIONS) }, database)
})
afterAll(() => gateway?.stop())

const event = (key: string) => ({
  json: { type: 'post.created', data: { key } },
  headers: { 'idempotency-key': key },
})

/** While a synchronous standby is named that does not exist, no commit is answered. */
async function withoutStandby(act: () => Promise<void>) {
  const set = async (names: string) => {
    await onServer(postgres.url, `ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
    await onServer(postgres.url, 'SELECT pg_reload_conf()')
    await until(async () => (await shown('synchronous_standby_names')) === names)
  }
  await set('gone')
  try {
    await act()
  } finally {
    await set('')
  }
}

async function shown(setting: string): Promise<string> {
  const client = await connectTo(database)
  const { rows } = await client
    .query(`SELECT current_setting('${setting}') AS value`)
    .finally(() => client.end())
  return rows[0].value
}

async function countOf(sql: string): Promise<number> {
  const client = await connectTo(database)
  const { rows } = await client
    .query(`SELECT count(*)::integer AS count FROM ${sql}`)
    .finally(() => client.end())
  return rows[0].count
}

describe('a commit that waits for a standby that is gone', () => {
  it('is reported as a change whose outcome is unknown, and the limit of connections holds', async () => {
    const publishers = Array.from({ length: 8 }, (_, nth) => `commit ${nth}`)
    await withoutStandby(async () => {
      const publishing = Promise.all(publishers.map((key) => gateway.rest('POST', 'event/', event(key))))
      const byGraphql = gateway.gql(PUBLISH, {
        input: { type: 'post.created', data: {}, idempotencyKey: 'by graphql' },
      })
      let most = 0
      let isOver = false
      const counting = until(async () => {
        most = Math.max(most, await countOf("pg_stat_activity WHERE application_name LIKE 'hookgate%'"))
        return isOver
      })
      const answers = await publishing
      const { errors } = await byGraphql
      isOver = true
      await counting
      const statuses = new Set(answers.map(({ status }) => status))
      // A publisher that got no connection got 503.
      expect([...statuses].filter((status) => ![503, 504].includes(status))).toEqual([])
      expect(statuses).toContain(504)
      const unknown = answers.find(({ status }) => status === 504)
      expect(unknown?.body.errors[0]).toMatchObject({ code: 'outcome_unknown' })
      expect(['OUTCOME_UNKNOWN', 'SERVICE_UNAVAILABLE']).toContain(errors?.[0]?.extensions?.code)
      expect(most).toBeLessThanOrEqual(CONNECTIONS)
      for (const [nth, { status }] of answers.entries()) {
        const stored = await countOf(`idempotency_keys WHERE key = '${publishers[nth]}'`)
        if (status === 503) expect(stored).toBe(0)
        else expect(stored).toBe(1)
      }
    })
    // The key finds the stored event.
    for (const key of publishers) {
      expect([200, 201]).toContain((await gateway.rest('POST', 'event/', event(key))).status)
      expect(await countOf(`events WHERE body LIKE '%"${key}"%'`)).toBe(1)
    }
  })

  it('reports a patch as of unknown outcome', async () => {
    const { id } = await gateway.createEndpoint()
    await withoutStandby(async () => {
      const patch = `mutation { updateWebhookEndpoint(id: "${id}", patch: { description: "new" }) { id } }`
      const { errors } = await gateway.gql(patch)
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'OUTCOME_UNKNOWN', errorId: expect.any(String) })
      await until(() => gateway.output().includes(String(errors?.[0]?.extensions?.errorId)))
    })
    const { errors, data } = await gateway.gql(`{ webhookEndpoint(id: "${id}") { description } }`)
    expect([errors, data]).toEqual([undefined, { webhookEndpoint: { description: 'new' } }])
  })
})

describe('a connection that breaks', () => {
  it.each([
    ['while a statement is on its way, is an unknown outcome for a change', 504, 'POST'],
    ['while a statement is on its way, is unavailable for a read', 503, 'GET'],
  ])('%s', async (_case, status, method) => {
    let isArmed = false
    const proxy = await startCutOffProxy(database.env.DATABASE_URL, {
      stallBefore(_chunk, speaker) {
        if (!isArmed || speaker !== 'client') return false
        isArmed = false
        setImmediate(() => proxy.cut())
        return true
      },
    })
    const other = await startTestGateway(
      { HOOKGATE_ROLES: 'api' },
      { ...database, env: { ...database.env, DATABASE_URL: proxy.url } },
    )
    await other.createEndpoint()
    isArmed = true
    const path = method === 'POST' ? 'event/' : 'endpoint/'
    const answer = await other.rest(method, path, method === 'POST' ? event(`cut ${status}`) : {})
    expect(answer.status).toBe(status)
    proxy.restore()
    proxy.heal('forgotten')
    await until(async () => (await other.rest('GET', 'endpoint/')).status === 200)
    await other.end()
    proxy.close()
  })

  it('before anything is sent is unavailable for a change', async () => {
    const proxy = await startCutOffProxy(database.env.DATABASE_URL)
    const other = await startTestGateway(
      { HOOKGATE_ROLES: 'api' },
      { ...database, env: { ...database.env, DATABASE_URL: proxy.url } },
    )
    proxy.cut()
    await until(async () => (await fetch(`${other.url}/readyz`)).status === 503)
    const { status } = await other.rest('POST', 'event/', event('never sent'))
    expect(status).toBe(503)
    expect(await countOf("idempotency_keys WHERE key = 'never sent'")).toBe(0)
    await other.end()
    proxy.close()
  })
})
