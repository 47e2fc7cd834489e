import { wrongCounts } from '../support/attempt-counts'
import { type Core, openCore } from '../support/core'
import { createTestDatabase, type TestDatabase } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

const RETENTION_DAYS = 7
const HOUR = 1 / 24
/** Ages in days, above and below the retention time. */
const OLD = RETENTION_DAYS + HOUR
const YOUNG = RETENTION_DAYS - HOUR
/** Rows of a kind that are removed at once: see BATCH in src/retention/prune.ts. */
const BATCH = 500
/** A target where nobody listens. */
const NOWHERE = 'http://127.0.0.1:9/'

let database: TestDatabase
let core: Core

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCore(database, { env: { HOOKGATE_RETENTION_DAYS: String(RETENTION_DAYS) } })
})
beforeEach(() => core.sql('TRUNCATE endpoints, events, attempt_counts CASCADE'))
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

/** Publishes events and returns their ids. */
async function publish(count: number, type = 'post.created'): Promise<number[]> {
  const rows = await core.sql<{ id: number }>(
    `SELECT ((publish_event($1, '{}', '', NULL, NULL)).event).id::integer AS id FROM generate_series(1, $2::integer)`,
    type,
    count,
  )
  return rows.map(({ id }) => id)
}

/** Records one attempt for each delivery of these events, this many days ago. */
async function deliver(eventIds: number[], daysAgo: number, status = 'DELIVERED'): Promise<void> {
  await core.sql(
    `WITH attempted AS (
      INSERT INTO attempts (delivery_id, event_id, endpoint_id, number, created_at, signature_header)
      SELECT id, event_id, endpoint_id, 1, now() - make_interval(secs => $2::float8 * 86400), ''
      FROM deliveries WHERE event_id = ANY ($1::bigint[]) ORDER BY id
      RETURNING endpoint_id
    ),
    counted AS (
      INSERT INTO attempt_counts SELECT endpoint_id, count(*) FROM attempted GROUP BY endpoint_id
      ON CONFLICT (endpoint_id) DO UPDATE SET count = attempt_counts.count + excluded.count
    )
    UPDATE deliveries SET status = $3::delivery_status, attempt_count = 1, tries = 1,
      next_attempt_at = now() + interval '1 day'
    WHERE event_id = ANY ($1::bigint[])`,
    eventIds,
    daysAgo,
    status,
  )
  await age(eventIds, daysAgo)
}

const age = (eventIds: number[], days: number) =>
  core.sql(
    `UPDATE events SET created_at = now() - make_interval(secs => $2::float8 * 86400) WHERE id = ANY ($1::bigint[])`,
    eventIds,
    days,
  )

/** Prunes until no row is left to remove, and returns the result of each batch. */
async function pruneAll(): Promise<number[]> {
  const batches: number[] = []
  do batches.push(await core.run('prune'))
  while (batches.at(-1) !== 0)
  return batches
}

const idsOf = async (table: string, column = 'id') =>
  (await core.sql<{ id: number | string }>(`SELECT ${column} AS id FROM ${table} ORDER BY 1`)).map(
    ({ id }) => id,
  )

/** Rows by table: what `prune` counts. */
async function rows(): Promise<Record<'attempts' | 'events' | 'idempotency_keys' | 'endpoints', number>> {
  const [counts] = await core.sql<{
    attempts: number
    events: number
    idempotency_keys: number
    endpoints: number
  }>(
    `SELECT (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM events) AS events,
      (SELECT count(*) FROM idempotency_keys) AS idempotency_keys, (SELECT count(*) FROM endpoints) AS endpoints`,
  )
  if (!counts) throw new Error('An aggregate has a row')
  return counts
}

const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

it('Attempts and settled events older than the retention go; pending and younger ones stay, and counts are right', async () => {
  const endpointIds = [
    await core.createEndpoint(NOWHERE, 'post.created'),
    await core.createEndpoint(NOWHERE, 'post.created', 'user.deleted'),
  ]
  const delivered = await publish(3)
  await deliver(delivered, OLD)
  const failed = await publish(2, 'user.deleted')
  await deliver(failed, OLD, 'FAILED')
  const waiting = await publish(2)
  await deliver(waiting, OLD, 'PENDING')
  const neverTried = await publish(1)
  await age(neverTried, OLD)
  const ofNobody = await publish(1, 'category.created')
  await age(ofNobody, OLD)
  // An old event that was resent recently.
  const resent = await publish(1)
  await deliver(resent, YOUNG)
  await age(resent, OLD)
  const young = await publish(2)
  await deliver(young, YOUNG)
  const before = await rows()
  expect(before.attempts).toBe(18)

  const batches = await pruneAll()

  const after = await rows()
  expect(await idsOf('events')).toEqual([...waiting, ...neverTried, ...resent, ...young])
  expect(await idsOf('attempts', 'DISTINCT event_id')).toEqual([...resent, ...young])
  expect(await idsOf('deliveries', 'DISTINCT event_id')).toEqual(await idsOf('events'))
  expect(
    await core.sql(`SELECT DISTINCT event_id AS id FROM deliveries WHERE status = 'PENDING' ORDER BY 1`),
  ).toEqual([...waiting, ...neverTried].map((id) => ({ id })))
  expect(await core.sql('SELECT endpoint_id AS id, count FROM attempt_counts ORDER BY 1')).toEqual(
    endpointIds.map((id) => ({ id, count: 3 })),
  )
  expect(batches).toEqual([total(before) - total(after), 0])
})

it('A backlog goes batch by batch, the counts right after each, until 0 rows are left to remove', async () => {
  await core.createEndpoint(NOWHERE, 'post.created')
  const old = await publish(2 * BATCH + 200)
  await deliver(old, OLD)
  const young = await publish(10)
  await deliver(young, YOUNG)
  let left = await rows()
  for (const size of [BATCH, BATCH, 200]) {
    expect(await core.run('prune')).toBe(2 * size)
    const now = await rows()
    expect(left.attempts - now.attempts).toBe(size)
    expect(left.events - now.events).toBe(size)
    expect(await wrongCounts(core)).toEqual([])
    left = now
  }
  expect(await core.run('prune')).toBe(0)
  expect(await idsOf('events')).toEqual(young)
})

it('Idempotency keys go when they have expired, and not before', async () => {
  const [eventId] = await publish(1)
  await core.sql(
    `INSERT INTO idempotency_keys (publisher, key, fingerprint, event_id, expires_at) VALUES
      ('sub:test', 'expired', '', $1::bigint, now() - interval '1 second'), ('sub:test', 'live', '', $1::bigint, now() + interval '1 hour')`,
    eventId,
  )
  expect(await pruneAll()).toEqual([1, 0])
  expect(await idsOf('idempotency_keys', 'key')).toEqual(['live'])
  expect(await idsOf('events')).toEqual([eventId])
})

it('A deleted endpoint is removed when nothing of it is on record any more, and its pending deliveries are cancelled', async () => {
  const staying = await core.createEndpoint(NOWHERE, 'category.created')
  const deleted = await core.createEndpoint(NOWHERE, 'post.created')
  const delivered = await publish(1)
  await deliver(delivered, YOUNG)
  // More than the 1,000 that a deletion cancels by itself.
  await publish(1_100)
  await core.deleteEndpoint(deleted)
  expect(await pruneAll()).toEqual([100, 0])
  expect(
    await core.sql('SELECT status::text, count(*) AS count FROM deliveries GROUP BY status ORDER BY 1'),
  ).toEqual([
    { status: 'CANCELLED', count: 1_100 },
    { status: 'DELIVERED', count: 1 },
  ])
  expect(await idsOf('endpoints')).toEqual([staying, deleted])

  await core.sql(`UPDATE events SET created_at = created_at - interval '30 days'`)
  await core.sql(`UPDATE attempts SET created_at = created_at - interval '30 days'`)
  await core.sql(`UPDATE endpoints SET deleted_at = deleted_at - interval '30 days'`)
  const before = await rows()
  const removed = (await pruneAll()).reduce((sum, count) => sum + count, 0)
  expect(removed).toBe(before.attempts + before.events + 1)
  expect(await rows()).toEqual({ attempts: 0, events: 0, idempotency_keys: 0, endpoints: 1 })
  expect(await idsOf('endpoints')).toEqual([staying])
  expect(await idsOf('attempt_counts', 'endpoint_id')).toEqual([])
})

it('Pruning and delivering to the same endpoint do not block each other', async () => {
  const receivers = [await startReceiver(), await startReceiver()]
  for (const { url } of receivers) await core.createEndpoint(url, 'post.created')
  const old = await publish(BATCH)
  await deliver(old, OLD)
  const pending = await publish(200)
  await core.run('start')
  const removed = (await pruneAll()).reduce((sum, count) => sum + count, 0)
  await until(async () => {
    const [row] = await core.sql<{ count: number }>(
      `SELECT count(*) AS count FROM deliveries WHERE status = 'DELIVERED'`,
    )
    return row?.count === 2 * pending.length
  })
  expect(removed).toBe(3 * old.length)
  expect(await idsOf('events')).toEqual(pending)
  expect(await rows()).toMatchObject({ attempts: 2 * pending.length, events: pending.length })
  expect(await wrongCounts(core)).toEqual([])
  for (const receiver of receivers) expect(new Set(receiver.eventIds())).toEqual(new Set(pending))
  expect(await core.warnings()).toEqual([])
  for (const receiver of receivers) await receiver.close()
})
