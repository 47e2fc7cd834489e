import { arrivedAtAll, expectDelivered, publishUntilAcknowledged } from '../support/crashes'
import { connectTo, countConnections } from '../support/database-connections'
import { createEmptyDatabase } from '../support/empty-database'
import { attemptCount } from '../support/events'
import { spawnGateway, startTestGateway } from '../support/gateway'
import { startPgBouncer } from '../support/pgbouncer'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { until } from '../support/until'

const EVENTS = 150
/** Fewer servers than clients, so that transactions of different clients share them. */
const POOL = { default_pool_size: 6, max_client_conn: 200 }

type Database = Awaited<ReturnType<typeof createEmptyDatabase>>

/** The server behind PgBouncer sets what a session must not depend on. */
const createDatabase = () =>
  createEmptyDatabase({
    setUp: [
      "ALTER DATABASE DATABASE_NAME SET timezone = 'America/New_York'",
      "ALTER DATABASE DATABASE_NAME SET datestyle = 'German'",
      "ALTER DATABASE DATABASE_NAME SET default_transaction_isolation = 'serializable'",
      "ALTER DATABASE DATABASE_NAME SET search_path = 'elsewhere', 'public'",
    ],
  })

/** Two gateways publish, patch and deliver at once: nothing is lost, doubled or refused. */
async function expectToWork(database: Database, env: Record<string, string>) {
  const first = await startTestGateway(env, { ...database, env: { ...database.env, ...env } })
  const second = await startTestGateway(env, { ...database, env: { ...database.env, ...env } })
  const gateways = [first, second]
  const receivers = [await startReceiver(), await startReceiver()]
  const endpoints = []
  for (const { url } of receivers) endpoints.push(await first.createEndpoint({ target: url }))

  const acknowledged: number[] = []
  const refused: unknown[] = []
  const publishing = gateways.map((current, nth) =>
    publishUntilAcknowledged(
      { current },
      {
        count: EVENTS,
        keys: `of ${nth}`,
        concurrency: 10,
        onAcknowledged: (id) => acknowledged.push(id),
        onRefused: (status) => refused.push(status),
      },
    ),
  )
  const patching = endpoints.flatMap(({ id }, nth) =>
    Array.from({ length: 10 }, () =>
      gateways[nth % 2]?.rest('PATCH', `endpoint/${id}/`, {
        json: { description: `patched ${Math.random()}` },
      }),
    ),
  )
  const patched = await Promise.all(patching)
  await Promise.all(publishing)
  expect(patched.map((answer) => answer?.status)).toEqual(patched.map(() => 200))
  expect(refused).toEqual([])
  await until(() => arrivedAtAll(receivers, acknowledged))
  await expectDelivered({ current: second }, receivers, acknowledged)

  const client = await connectTo(database)
  const { rows } = await client.query('SELECT count(*)::integer AS count FROM public.events')
  await client.end()
  expect(rows[0].count).toBe(2 * EVENTS)
  expect(receivers.map(({ received }) => received.length)).toEqual([2 * EVENTS, 2 * EVENTS])
  for (const { id } of endpoints) expect(await attemptCount(first, id)).toBe(2 * EVENTS)

  const [one] = (await second.rest('GET', 'endpoint/?limit=1')).body.results
  expect(Math.abs(Date.parse(one.created_at) - Date.now())).toBeLessThan(60_000)
  const latencies: number[] = []
  for (let nth = 0; nth < 10; nth += 1) {
    const at = Date.now()
    const answer = await first.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })
    await until(() => receivers[0]?.eventIds().includes(answer.body.event_id) ?? false)
    latencies.push(Date.now() - at)
  }
  report(`latency ${Math.max(...latencies)} ms at most`)
  for (const gateway of gateways) {
    expect(gateway.output()).not.toMatch(/"level":(40|50|60)/)
    expect(await gateway.end()).toBe(0)
  }
  for (const receiver of receivers) await receiver.close()
}

/** What a start that is refused prints. */
async function failedStart(env: Record<string, string>): Promise<string> {
  const child = spawnGateway({ HOOKGATE_JWT_SECRET: 'x'.repeat(32), ...env })
  const failure: string = await child.listening.then(
    () => 'it has started',
    ({ message }) => message,
  )
  child.process.kill('SIGKILL')
  return failure.trim()
}

describe('PgBouncer in transaction mode', () => {
  const transactions = (database: Database, settings: Record<string, string | number> = {}) =>
    startPgBouncer(database.url, { pool_mode: 'transaction', ...POOL, ...settings })

  it('serves two gateways that know no other way to the server', async () => {
    const database = await createDatabase()
    const bouncer = await transactions(database)
    await expectToWork(database, {
      DATABASE_URL: bouncer.url(database.name),
      HOOKGATE_DATABASE_POOLED: 'true',
    })
    await bouncer.end()
    await database.remove()
  })

  it('serves two gateways that migrate and listen at the server itself', async () => {
    const database = await createDatabase()
    const bouncer = await transactions(database)
    await expectToWork(database, {
      DATABASE_URL: bouncer.url(database.name),
      HOOKGATE_DATABASE_POOLED: 'true',
      HOOKGATE_DATABASE_DIRECT_URL: database.url,
    })
    await bouncer.end()
    await database.remove()
  })

  it('is refused when it is not announced, in a sentence that says what to set', async () => {
    const database = await createDatabase()
    const configurations: Record<string, string>[] = [{}, { ignore_startup_parameters: 'options' }]
    for (const settings of configurations) {
      const bouncer = await transactions(database, settings)
      const failure = await failedStart({ DATABASE_URL: bouncer.url(database.name) })
      expect(failure).toContain('is a pooler')
      expect(failure).toContain('HOOKGATE_DATABASE_POOLED=true')
      expect(failure).toContain('HOOKGATE_DATABASE_DIRECT_URL')
      expect(failure.split('\n')).toHaveLength(1)
      const asDirect = await failedStart({
        DATABASE_URL: bouncer.url(database.name),
        HOOKGATE_DATABASE_POOLED: 'true',
        HOOKGATE_DATABASE_DIRECT_URL: bouncer.url(database.name),
      })
      expect(asDirect).toContain('set HOOKGATE_DATABASE_DIRECT_URL to the server behind it')
      await bouncer.end()
    }
    const client = await connectTo(database)
    const { rowCount } = await client.query("SELECT FROM pg_tables WHERE schemaname = 'public'")
    await client.end()
    expect(rowCount).toBe(0)
    await database.remove()
  })
})

describe('PgBouncer in session mode', () => {
  it('serves two gateways when it lets start-up parameters pass unseen', async () => {
    const database = await createDatabase()
    const bouncer = await startPgBouncer(database.url, {
      pool_mode: 'session',
      default_pool_size: 40,
      ignore_startup_parameters: 'options',
    })
    await expectToWork(database, { DATABASE_URL: bouncer.url(database.name) })
    await bouncer.end()
    await database.remove()
  })
})

it('the limit of connections holds behind PgBouncer, too', async () => {
  const database = await createDatabase()
  const bouncer = await startPgBouncer(database.url, {
    pool_mode: 'transaction',
    ...POOL,
    default_pool_size: 50,
  })
  const env = {
    DATABASE_URL: bouncer.url(database.name),
    HOOKGATE_DATABASE_POOLED: 'true',
    HOOKGATE_DATABASE_CONNECTIONS: '4',
  }
  const gateway = await startTestGateway(env, { ...database, env: { ...database.env, ...env } })
  const connections = await countConnections(database)
  await Promise.all(Array.from({ length: 60 }, () => gateway.createEndpoint()))
  expect(await connections?.read()).toBeLessThanOrEqual(4 + 1)
  await connections?.end()
  await gateway.stop()
  await bouncer.end()
})
