import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { connectTo } from '../support/database-connections'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { describeServer } from '../support/server-only'
import { until } from '../support/until'

const CHANGES = 60

describeServer('Changes of many endpoints at once', () => {
  let gateway: TestGateway
  let other: Client
  let ids: string[]

  beforeAll(async () => {
    gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    other = await connectTo(gateway.database)
    ids = []
    for (let nth = 0; nth < CHANGES; nth += 1) ids.push(String((await gateway.createEndpoint()).id))
  })
  afterEach(() => other.query('ROLLBACK'))
  afterAll(async () => {
    await other.end()
    await gateway.stop()
  })

  const patch = (id: string, json: object) => gateway.rest('PATCH', `endpoint/${id}/`, { json })
  const versionOf = ({ headers }: { headers: Headers }) => Number(headers.get('etag')?.replaceAll('"', ''))
  const statusesOf = async (answers: Promise<{ status: number }>[]) =>
    (await Promise.all(answers)).map(({ status }) => status)

  it('share transactions, and each is answered with its own endpoint', async () => {
    const events = [{ type: 'post.created' }, { type: 'user.created' }]
    // While the first changes wait for the table, the others arrive.
    await other.query('BEGIN; LOCK TABLE endpoints')
    const changing = Promise.all(
      ids.map((id, nth) => patch(id, { description: `the ${nth}th`, ...(nth % 2 === 1 && { events }) })),
    )
    await untilWaiting(other, 2)
    await sleep(500)
    await other.query('COMMIT')
    const answers = await changing
    expect(answers.map(({ status, body }) => [status, String(body.id), body.description])).toEqual(
      ids.map((id, nth) => [200, id, `the ${nth}th`]),
    )
    const { rows } = await other.query(`
      SELECT count(DISTINCT endpoints.xmin::text)::integer AS transactions, count(*)::integer AS changed
      FROM endpoints WHERE description LIKE 'the %'`)
    expect(rows[0].changed).toBe(CHANGES)
    expect(rows[0].transactions).toBeLessThan(10)
    const listened = await other.query(`
      SELECT count(*)::integer AS count FROM endpoint_events JOIN endpoints ON endpoint_id = id
      WHERE type = 'user.created' AND description LIKE 'the %'`)
    expect(listened.rows[0].count).toBe(CHANGES / 2)
  })

  it('do not wait for an endpoint that somebody has locked; its own change does', async () => {
    const [locked, ...free] = ids
    await other.query('BEGIN')
    await other.query('SELECT FROM endpoints WHERE id = $1 FOR UPDATE', [locked])
    let isAnswered = false
    const waiting = Promise.all([
      patch(`${locked}`, { description: 'a' }),
      patch(`${locked}`, { description: 'b' }),
    ])
    waiting.then(() => {
      isAnswered = true
    })
    const answers = free.map((id) => patch(id, { description: 'free' }))
    expect(new Set(await statusesOf(answers))).toEqual(new Set([200]))
    expect(isAnswered).toBe(false)
    await other.query('COMMIT')
    const [first, second] = (await waiting).map(({ status, headers }) => ({
      status,
      version: versionOf({ headers }),
    }))
    expect([first?.status, second?.status]).toEqual([200, 200])
    expect(Math.abs(Number(first?.version) - Number(second?.version))).toBe(1)
  })

  it('are all made when they change the same endpoint, each on top of the one before', async () => {
    const [id] = ids
    const before = versionOf(await gateway.rest('GET', `endpoint/${id}/`))
    const answers = await Promise.all(
      Array.from({ length: CHANGES }, (_, nth) => patch(`${id}`, { description: `change ${nth}` })),
    )
    const versions = answers.map(versionOf).sort((a, b) => a - b)
    expect(versions).toEqual(Array.from({ length: CHANGES }, (_, nth) => before + nth + 1))
  })

  it('of the same version: one is made, the others conflict', async () => {
    const [id] = ids
    const { headers } = await gateway.rest('GET', `endpoint/${id}/`)
    const answers = Array.from({ length: 10 }, (_, nth) =>
      gateway.rest('PATCH', `endpoint/${id}/`, {
        json: { description: `rival ${nth}` },
        headers: { 'if-match': `${headers.get('etag')}` },
      }),
    )
    const statuses = await statusesOf(answers)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(9)
  })

  it('are made although the database refuses one of them, and although one endpoint is unknown', async () => {
    await other.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by a trigger'; END $$;
      CREATE TRIGGER refusing BEFORE UPDATE ON endpoints FOR EACH ROW
      WHEN (NEW.description = 'refuse this') EXECUTE FUNCTION refuse()`)
    const answers = ids.map((id, nth) =>
      patch(id, { description: nth === 30 ? 'refuse this' : 'made anyway' }),
    )
    const unknown = patch('999999', { description: 'unknown' })
    const statuses = await statusesOf(answers)
    expect(statuses.map((status, nth) => [nth, status])).toEqual(
      ids.map((_, nth) => [nth, nth === 30 ? 500 : 200]),
    )
    expect((await unknown).status).toBe(404)
    await other.query('DROP TRIGGER refusing ON endpoints')
  })

  it('are answered with 503 when the table is locked, and nothing is stored', async () => {
    await other.query('BEGIN; LOCK TABLE endpoints')
    const answers = ids.map((id) => patch(id, { description: 'not stored' }))
    expect(new Set(await statusesOf(answers))).toEqual(new Set([503]))
    await other.query('COMMIT')
    const { rows } = await other.query("SELECT FROM endpoints WHERE description = 'not stored'")
    expect(rows).toEqual([])
    await until(async () => (await patch(`${ids[0]}`, { description: 'stored' })).status === 200)
  }, 60_000)
})
