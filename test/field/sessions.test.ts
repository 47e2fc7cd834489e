import { randomUUID } from 'node:crypto'
import { connectTo } from '../support/database-connections'
import { createEmptyDatabase } from '../support/empty-database'
import { attemptsOf, deliveryOf, publish } from '../support/events'
import { spawnGateway, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

/** What operators set for a server, a database or a role. Each is set for the whole database here. */
const SETTINGS: [string, string[]][] = [
  ['the time zone of New York', ["timezone = 'America/New_York'"]],
  ['a time zone that is half an hour off', ["timezone = 'Asia/Kolkata'"]],
  ['German dates', ["datestyle = 'German, DMY'"]],
  ['SQL dates', ["datestyle = 'SQL, DMY'", "timezone = 'Europe/Berlin'"]],
  ['dates of POSTGRES', ["datestyle = 'Postgres, MDY'", "timezone = 'Australia/Eucla'"]],
  [
    'everything else at once',
    [
      "intervalstyle = 'sql_standard'",
      "client_encoding = 'LATIN1'",
      "bytea_output = 'escape'",
      'extra_float_digits = -15',
      'standard_conforming_strings = off',
      'array_nulls = off',
      'transform_null_equals = on',
      "default_transaction_isolation = 'serializable'",
      'default_transaction_deferrable = on',
      'gin_fuzzy_search_limit = 1',
      "statement_timeout = '20ms'",
      "lock_timeout = '1ms'",
      "idle_session_timeout = '50ms'",
      "idle_in_transaction_session_timeout = '1ms'",
      'synchronous_commit = off',
    ],
  ],
]

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** Fails unless an instant is of the last minute, or of the coming one. */
function expectNow(instant: unknown, what: string) {
  expect([what, instant]).toEqual([what, expect.stringMatching(INSTANT)])
  const offMs = Math.abs(Date.parse(String(instant)) - Date.now())
  expect([what, offMs < 60_000]).toEqual([what, true])
}

describe.each(SETTINGS)('a database with %s', (_name, settings) => {
  let gateway: TestGateway

  beforeAll(async () => {
    const database = await createEmptyDatabase({
      setUp: settings.map((setting) => `ALTER DATABASE DATABASE_NAME SET ${setting}`),
    })
    gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '30' }, database)
  })
  afterAll(() => gateway?.stop())

  it('has the same instants by every way to an endpoint', async () => {
    const created = await gateway.createEndpoint({ description: 'naïve 日本 \\n' })
    const { body: read } = await gateway.rest('GET', `endpoint/${created.id}/`)
    const { body: page } = await gateway.rest('GET', 'endpoint/')
    const { body: patched } = await gateway.rest('PATCH', `endpoint/${created.id}/`, { json: {} })
    const { data } = await gateway.gql(
      `{ webhookEndpoint(id: "${created.id}") { createdAt updatedAt events { addedAt } } }`,
    )
    for (const answer of [read, patched, page.results.find(({ id }: { id: number }) => id === created.id)]) {
      expect(answer).toEqual(created)
    }
    expectNow(created.created_at, 'created_at')
    expectNow(created.updated_at, 'updated_at')
    expectNow(created.events[0].added_at, 'added_at')
    expect(Date.parse(data.webhookEndpoint.createdAt)).toBe(Date.parse(created.created_at))
    expect(Date.parse(data.webhookEndpoint.events[0].addedAt)).toBe(Date.parse(created.events[0].added_at))
  })

  it('has the instants of an attempt and of its retry', async () => {
    const receiver = await startReceiver(() => 500)
    const endpoint = await gateway.createEndpoint({ target: receiver.url })
    const eventId = await publish(gateway, { text: 'naïve 日本 \\n', none: null })
    await until(async () => (await attemptsOf(gateway, endpoint.id)).length === 1)
    const [attempt] = await attemptsOf(gateway, endpoint.id)
    const { body } = await gateway.rest('GET', `endpoint/${endpoint.id}/attempt/`)
    const [restAttempt] = body.results
    for (const name of ['created_at', 'sent_at', 'next_retry']) expectNow(restAttempt[name], name)
    expectNow(restAttempt.event.added_at, 'event.added_at')
    expect(Date.parse(String(attempt?.nextRetryAt))).toBe(Date.parse(restAttempt.next_retry))
    expect(Date.parse(restAttempt.next_retry)).toBeGreaterThan(Date.now() + 10_000)
    const { nextRetryAt } = await deliveryOf(gateway, eventId)
    // The attempt and the delivery each take the clock.
    expect(Math.abs(Date.parse(String(nextRetryAt)) - Date.parse(restAttempt.next_retry))).toBeLessThan(
      10_000,
    )
    const sent = JSON.parse(receiver.received[0]?.body ?? '{}')
    expect(Math.abs(sent.created * 1_000 - Date.now())).toBeLessThan(60_000)
    expect(sent.data).toEqual({ text: 'naïve 日本 \\n', none: null })
    await receiver.close()
  })

  it('takes 40 patches at once', async () => {
    const { id } = await gateway.createEndpoint()
    const patches = Array.from({ length: 40 }, (_, nth) =>
      gateway.rest('PATCH', `endpoint/${id}/`, { json: { description: `of ${nth}` } }),
    )
    const statuses = (await Promise.all(patches)).map(({ status }) => status)
    expect(statuses).toEqual(statuses.map(() => 200))
  })

  it('finds every endpoint by a part of its target', async () => {
    for (let nth = 0; nth < 5; nth += 1)
      await gateway.createEndpoint({ target: `http://127.0.0.1:1/needle/${nth}` })
    const { body } = await gateway.rest('GET', 'endpoint/search/?target=needle')
    expect(body.count).toBe(5)
  })
})

describe('a role whose commits need not reach the disk', () => {
  it('publishes durably anyway', async () => {
    const database = await createEmptyDatabase({
      setUp: ['ALTER DATABASE DATABASE_NAME SET synchronous_commit = off'],
    })
    const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const client = await connectTo(database)
    await client.query(`CREATE TABLE seen (setting text);
      CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
      CREATE TRIGGER see AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION see()`)
    await publish(gateway)
    const { rows } = await client.query('SELECT setting FROM seen')
    await client.end()
    expect(rows).toEqual([{ setting: 'on' }])
    await gateway.stop()
  })
})

/** The schema of the table `endpoints`. */
async function schemasOfTables(database: Parameters<typeof connectTo>[0]): Promise<string[]> {
  const client = await connectTo(database)
  const { rows } = await client
    .query("SELECT schemaname FROM pg_tables WHERE tablename = 'endpoints' ORDER BY 1")
    .finally(() => client.end())
  return rows.map(({ schemaname }) => schemaname)
}

describe('the schema of the tables', () => {
  /** Starts twice, because the second start must find what the first has made. */
  async function expectToWork(database: Awaited<ReturnType<typeof createEmptyDatabase>>) {
    const receiver = await startReceiver()
    for (const start of ['first', 'second']) {
      const target = `${start}-${randomUUID()}`
      const gateway = await startTestGateway({}, database)
      await gateway.createEndpoint({ target: `${receiver.url}/${target}` })
      const eventId = await publish(gateway)
      await until(() => receiver.eventIds().includes(eventId))
      expect((await gateway.rest('GET', `endpoint/search/?target=${target}`)).body.count).toBe(1)
      expect(await gateway.end()).toBe(0)
    }
    await receiver.close()
  }

  it('is what ?schema= names, which is made', async () => {
    const database = await createEmptyDatabase()
    database.env.DATABASE_URL += '?schema=Hooks%20and%20more'
    await expectToWork(database)
    expect(await schemasOfTables({ ...database, env: { DATABASE_URL: database.url } })).toEqual([
      'Hooks and more',
    ])
    await database.remove()
  })

  it('may be beside another Hookgate in the same database', async () => {
    const database = await createEmptyDatabase()
    await expectToWork(database)
    const other = { ...database, env: { ...database.env, DATABASE_URL: `${database.url}?schema=other` } }
    await expectToWork(other)
    expect(await schemasOfTables({ ...database, env: { DATABASE_URL: database.url } })).toEqual([
      'other',
      'public',
    ])
    await database.remove()
  })

  it('is the first of the search_path of the role', async () => {
    const database = await createEmptyDatabase({
      setUp: [
        'CREATE SCHEMA own',
        "ALTER DATABASE DATABASE_NAME SET search_path = 'missing', 'own', 'public'",
      ],
    })
    await expectToWork(database)
    expect(await schemasOfTables(database)).toEqual(['own'])
    await database.remove()
  })

  it('stays where the tables are when a schema is made that comes first', async () => {
    const database = await createEmptyDatabase()
    await expectToWork(database)
    const client = await connectTo(database)
    await client.query(`CREATE SCHEMA postgres`)
    await client.end()
    await expectToWork(database)
    expect(await schemasOfTables(database)).toEqual(['public'])
    await database.remove()
  })

  it('finds pg_trgm in a schema of extensions', async () => {
    const database = await createEmptyDatabase({
      setUp: ['CREATE SCHEMA extensions', 'CREATE EXTENSION pg_trgm SCHEMA extensions'],
    })
    await expectToWork(database)
    await database.remove()
  })
})

describe.each(['LATIN1', 'SQL_ASCII'])('a database in %s', (encoding) => {
  it('is refused at the start in one sentence', async () => {
    const database = await createEmptyDatabase({
      create: `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    })
    const child = spawnGateway({ ...database.env, HOOKGATE_JWT_SECRET: 'x'.repeat(32) })
    const failure = await child.listening.then(String, ({ message }) => message)
    expect(failure).toContain(`The database ${database.name} at 127.0.0.1:`)
    expect(failure).toContain(`has the encoding ${encoding}`)
    expect(failure).toContain("ENCODING 'UTF8' TEMPLATE template0")
    expect(failure.trim().split('\n')).toHaveLength(1)
    await database.remove()
  })
})
