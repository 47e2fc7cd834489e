import type { Client } from 'pg'
import { type Core, openCore } from '../support/core'
import { connectTo } from '../support/database-connections'
import { createTestDatabase, type TestDatabase } from '../support/gateway'
import { growOlder, passDays, removeEverything, tablesOf } from '../support/partitions'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

const RETENTION_DAYS = 30
const PUBLISH = `SELECT ((publish_event('post.created', '{}', '', NULL, NULL)).event).id::integer AS id`

let database: TestDatabase
let core: Core
const clients: Client[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCoreHere()
})
beforeEach(() => removeEverything(core))
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end()
})
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

const openCoreHere = () => openCore(database, { env: { HOOKGATE_RETENTION_DAYS: String(RETENTION_DAYS) } })

async function connect(...statements: string[]): Promise<Client> {
  const client = await connectTo(database)
  clients.push(client)
  for (const statement of statements) await client.query(statement)
  return client
}

/** Publishes without a pause on a connection that fails when it waits for a lock for so long; returns the number of events. */
async function publishUntil(done: Promise<unknown>, lockTimeoutMs: number): Promise<number> {
  const publisher = await connect(`SET lock_timeout = ${lockTimeoutMs}`)
  let isDone = false
  const end = () => {
    isDone = true
  }
  done.then(end, end)
  let published = 0
  for (; !isDone; published += 1) await publisher.query(PUBLISH)
  await done
  return published
}

/** An event in a partition that is to be removed. */
async function expiredEvent(): Promise<number> {
  const id = await core.publish()
  await growOlder(core, 2 * 86_400)
  await core.run('prune')
  await growOlder(core, RETENTION_DAYS * 86_400 + 60)
  return id
}

const isStored = async (id: number) =>
  (await core.sql('SELECT FROM events WHERE id = $1::bigint', id)).length === 1

serverOnly(
  'An open snapshot delays the removal of old events, and no publisher waits for the attempt',
  async () => {
    const old = await expiredEvent()
    const backup = await connect(
      'BEGIN ISOLATION LEVEL REPEATABLE READ',
      'SELECT FROM events, ended_deliveries, attempts, attempt_counts',
    )
    const pruneAgainAndAgain = async () => {
      for (let run = 0; run < 5; run += 1) {
        expect(await core.run('prune')).toMatchObject({ emptied: [], delayed: { firstEventId: 0 } })
      }
    }
    // Removing gives up after 100 ms. Who waited behind it would fail.
    expect(await publishUntil(pruneAgainAndAgain(), 50)).toBeGreaterThan(5)
    expect(await isStored(old)).toBe(true)
    await backup.query('COMMIT')
    await until(async () => (await core.run('prune')).emptied.includes(0))
    expect(await isStored(old)).toBe(false)
  },
)

serverOnly(
  'A long transaction that has published delays no removal, and the dropping of tables waits for it',
  async () => {
    const old = await expiredEvent()
    const publisher = await connect('BEGIN', PUBLISH)
    expect(await core.run('prune')).toMatchObject({ emptied: [0] })
    expect(await isStored(old)).toBe(false)
    expect(await publishUntil(passDays(core, 1), 1_000)).toBeGreaterThan(5)
    expect(await tablesOf(core, 'events')).toContain(0)
    await publisher.query('COMMIT')
    await until(async () => {
      await core.run('prune')
      return !(await tablesOf(core, 'events')).includes(0)
    })
  },
)

serverOnly(
  'A publisher whose transaction stays open keeps its event and its deliveries until both are old',
  async () => {
    await core.createEndpoint('http://127.0.0.1:9/', 'post.created')
    const publisher = await connect('BEGIN')
    const { rows } = await publisher.query(PUBLISH)
    await passDays(core, RETENTION_DAYS + 3)
    await publisher.query('COMMIT')
    expect(await isStored(rows[0].id)).toBe(true)
    expect(await core.sql('SELECT event_id AS id FROM queue')).toEqual(rows)
    await until(async () => (await core.run('prune')).emptied.includes(0))
    expect(await core.sql('SELECT event_id AS id FROM queue')).toEqual([])
  },
)

serverOnly(
  'Two processes that prune at the same time remove every old event once, and both continue',
  async () => {
    const other = await openCoreHere()
    const ids: number[] = []
    for (let day = 0; day < 40; day += 1) {
      ids.push(await core.publish())
      await growOlder(core, 86_400)
      await Promise.all([core.run('prune'), other.run('prune')])
    }
    const stored = await core.sql<{ id: number }>('SELECT id FROM events ORDER BY id')
    expect(stored.map(({ id }) => id)).toEqual(ids.slice(-stored.length))
    expect([30, 31, 32]).toContain(stored.length)
    expect([...(await core.warnings()), ...(await other.warnings())]).toEqual([])
    await other.close()
  },
)

serverOnly('A step that was interrupted at any point is done again', async () => {
  const interrupted = await connect()
  const rolledBack = async (statement: string) => {
    for (const each of ['BEGIN', statement, 'ROLLBACK']) await interrupted.query(each)
  }
  const old = await core.publish()
  await growOlder(core, 2 * 86_400)
  // The jump of the sequence is not rolled back. The partition counts as full then, and the next one as opened at the same time.
  await rolledBack(`SELECT rotate_event_partitions('1 day')`)
  expect(await core.publish()).toBe(250_000)
  await rolledBack('SELECT make_event_partitions()')
  await core.run('prune')
  expect(
    await core.sql(
      'SELECT closed_at IS NOT NULL AS "isClosed" FROM event_partitions ORDER BY first_event_id',
    ),
  ).toEqual([true, true, false, false, false].map((isClosed) => ({ isClosed })))
  await growOlder(core, RETENTION_DAYS * 86_400 + 60)
  await rolledBack('SELECT empty_event_partition(0)')
  expect(await isStored(old)).toBe(true)
  await core.run('prune')
  expect(await isStored(old)).toBe(false)
  await growOlder(core, 120)
  await rolledBack('SELECT drop_emptied_table()')
  await interrupted.query('SELECT drop_emptied_table()')
  expect(await tablesOf(core, 'attempts')).not.toContain(0)
  expect(await tablesOf(core, 'events')).toContain(0)
  await core.run('prune')
  expect(await tablesOf(core, 'events')).not.toContain(0)
})
