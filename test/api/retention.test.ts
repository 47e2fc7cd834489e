import { wrongCounts } from '../support/attempt-counts'
import { type Core, openCore } from '../support/core'
import { createTestDatabase, type TestDatabase } from '../support/gateway'
import { growOlder, passDays, removeEverything, tablesOf } from '../support/partitions'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

const RETENTION_DAYS = 7
/** One partition takes events for a thirtieth of the retention time. */
const SPAN_DAYS = RETENTION_DAYS / 30
const PARENTS = ['events', 'ended_deliveries', 'attempts', 'attempt_counts']
/** A target where nobody listens. */
const NOWHERE = 'http://127.0.0.1:9/'

let database: TestDatabase
let core: Core

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCore(database, { env: { HOOKGATE_RETENTION_DAYS: String(RETENTION_DAYS) } })
})
beforeEach(() => removeEverything(core))
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

/** Publishes events and returns their ids. */
async function publish(count: number, type = 'post.created', key: string | null = null): Promise<number[]> {
  const rows = await core.sql<{ id: number }>(
    `SELECT ((publish_event($2::text, '{}', 'sub:test', $3::text || nth, '')).event).id::integer AS id
    FROM generate_series(1, $1::integer) AS nth`,
    count,
    type,
    key,
  )
  return rows.map(({ id }) => id)
}

/** Records one attempt for each pending delivery of these events; the next one is in a day, or the delivery has ended. */
async function attempt(eventIds: number[], outcome: 'delivered' | 'failed' | 'retry'): Promise<void> {
  await core.sql(
    `UPDATE queue SET lease_owner = '00000000-0000-4000-8000-000000000000' WHERE event_id = ANY ($1::bigint[])`,
    eventIds,
  )
  await core.sql(
    `SELECT record_attempts('00000000-0000-4000-8000-000000000000', 0, 0, (
      SELECT json_agg(json_build_object('sendId', gen_random_uuid(), 'eventId', event_id, 'endpointId', endpoint_id, 'number', 1,
        'trigger', 'SCHEDULE', 'resendCount', 0, 'signatureHeader', '', 'responseTruncated', false, 'durationMs', 1, 'outcome', $2::text, 'isGone', false,
        'retryInMs', CASE WHEN $2::text = 'retry' THEN 86400000 END))
      FROM queue WHERE event_id = ANY ($1::bigint[])))::text`,
    eventIds,
    outcome,
  )
}

const idsOf = async (table: string, column = 'id') =>
  (await core.sql<{ id: number | string }>(`SELECT DISTINCT ${column} AS id FROM ${table} ORDER BY 1`)).map(
    ({ id }) => id,
  )

it('Events of one time go together, with deliveries, attempts and counts, pending ones too; younger ones stay', async () => {
  await core.createEndpoint(NOWHERE, 'post.created')
  await core.createEndpoint(NOWHERE, 'post.created', 'user.deleted')
  const delivered = await publish(3)
  await attempt(delivered, 'delivered')
  const failed = await publish(2, 'user.deleted')
  await attempt(failed, 'failed')
  await attempt(await publish(2), 'retry')
  const neverTried = await publish(1)
  await publish(1, 'category.created')
  await core.sql(`INSERT INTO fan_outs (event_id, type) VALUES ($1::bigint, 'post.created')`, neverTried[0])
  await passDays(core, 1)
  const young = await publish(2)
  await attempt(young, 'delivered')
  const youngPending = await publish(1)
  expect(await idsOf('attempts', 'event_id')).toHaveLength(9)

  await passDays(core, RETENTION_DAYS - 1)
  expect(await idsOf('events')).toHaveLength(12)
  await passDays(core, 2 * SPAN_DAYS)
  expect(await idsOf('events')).toEqual([...young, ...youngPending])
  expect(await idsOf('attempts', 'event_id')).toEqual(young)
  expect(await idsOf('deliveries', 'event_id')).toEqual([...young, ...youngPending])
  expect(await idsOf('queue', 'event_id')).toEqual(youngPending)
  expect(await idsOf('fan_outs', 'event_id')).toEqual([])
  expect(await wrongCounts(core)).toEqual([])
  for (const parent of PARENTS) expect(await tablesOf(core, parent)).not.toContain(0)
  expect(await core.warnings()).toEqual([])
})

it('A gateway with few events keeps them for the retention time and a thirtieth of it', async () => {
  await publish(1)
  await passDays(core, RETENTION_DAYS)
  expect(await idsOf('events')).toHaveLength(1)
  // passDays prunes every few hours only, so the partition is closed later than by a gateway that runs.
  await passDays(core, 2 * SPAN_DAYS)
  expect(await idsOf('events')).toEqual([])
})

it('The number of partitions does not grow with time, and one that no event has used stays', async () => {
  for (let span = 0; span < 40; span += 1) {
    await publish(1)
    await growOlder(core, SPAN_DAYS * 86_400)
    await core.run('prune')
  }
  await passDays(core, 0)
  for (const parent of PARENTS) {
    const count = (await tablesOf(core, parent)).length
    expect(count).toBeGreaterThan(30)
    expect(count).toBeLessThan(36)
  }
  await passDays(core, RETENTION_DAYS + 2 * SPAN_DAYS)
  const unused = await tablesOf(core, 'events')
  expect(unused).toHaveLength(3)
  for (let span = 0; span < 3; span += 1) {
    await growOlder(core, RETENTION_DAYS * 86_400)
    await core.run('prune')
  }
  expect(await tablesOf(core, 'events')).toEqual(unused)
  expect(await publish(1)).toEqual([unused[0]])
})

it('A partition that becomes full before its time is followed by the next one, without a gap, and by larger ones later', async () => {
  await core.sql(`SELECT setval('events_id_seq', 249995)`)
  const across = await publish(10)
  expect(across).toEqual(Array.from({ length: 10 }, (_, nth) => 249_996 + nth))
  await core.run('prune')
  expect(
    await core.sql(
      `SELECT first_event_id AS first, end_event_id AS "end", taken, closed_at IS NOT NULL AS "isClosed"
      FROM event_partitions ORDER BY 1`,
    ),
  ).toEqual([
    { first: 0, end: 250_000, taken: 250_000, isClosed: true },
    { first: 250_000, end: 500_000, taken: null, isClosed: false },
    { first: 500_000, end: 750_000, taken: null, isClosed: false },
    { first: 750_000, end: 3_250_000, taken: null, isClosed: false },
  ])
  await passDays(core, RETENTION_DAYS + 2 * SPAN_DAYS)
  await passDays(core, RETENTION_DAYS + 2 * SPAN_DAYS)
  expect(await idsOf('events')).toEqual([])
})

it('Publishers make partitions themselves while no gateway runs', async () => {
  for (const id of [249_990, 499_990, 749_990, 3_249_990]) {
    await core.sql(`SELECT setval('events_id_seq', $1::bigint)`, id)
    await publish(20)
  }
  expect((await tablesOf(core, 'events')).slice(0, 5)).toEqual([0, 250_000, 500_000, 750_000, 3_250_000])
  expect(await idsOf('events')).toHaveLength(80)
})

it('The first run makes partitions for a sequence that is past all of them', async () => {
  await core.sql(`SELECT setval('events_id_seq', 5000001)`)
  await expect(publish(1)).rejects.toThrow('no partition')
  await core.run('prune')
  expect(await publish(1)).toEqual([5_000_003])
  expect((await tablesOf(core, 'events')).slice(0, 4)).toEqual([0, 250_000, 500_000, 5_000_000])
})

it('Idempotency keys go when they have expired, and not before', async () => {
  const [first] = await publish(1, 'post.created', 'old')
  await growOlder(core, 86_400)
  await publish(1, 'post.created', 'new')
  await core.run('prune')
  expect(await idsOf('idempotency_keys', 'key')).toEqual(['new1'])
  expect(await idsOf('events')).toContain(first)
})

it('A deleted endpoint is removed once nothing of it is on record, and not before', async () => {
  const staying = await core.createEndpoint(NOWHERE, 'post.created')
  const deleted = await core.createEndpoint(NOWHERE, 'post.created')
  await attempt(await publish(1), 'delivered')
  await passDays(core, 1)
  await attempt(await publish(1), 'delivered')
  await core.deleteEndpoint(deleted)
  await passDays(core, RETENTION_DAYS - SPAN_DAYS)
  expect(await idsOf('endpoints')).toEqual([staying, deleted])
  expect(await idsOf('attempts', 'endpoint_id')).toEqual([staying, deleted])
  await publish(1)
  await passDays(core, 4 * SPAN_DAYS)
  expect(await idsOf('attempts', 'endpoint_id')).toEqual([])
  expect(await idsOf('endpoints')).toEqual([staying])
})

it('A deleted endpoint stays until workers have cancelled its pending deliveries', async () => {
  const deleted = await core.createEndpoint(NOWHERE, 'post.created')
  // More than the 1,000 that a deletion cancels by itself.
  await publish(1_100)
  await core.deleteEndpoint(deleted)
  await core.sql('UPDATE event_partitions SET opened_at = now() WHERE opened_at IS NOT NULL')
  await core.run('prune')
  expect(await idsOf('endpoints')).toEqual([deleted])
  await core.run('start')
  await until(async () => (await idsOf('queue', 'event_id')).length === 0)
  await core.run('prune')
  expect(await idsOf('endpoints')).toEqual([])
  expect(await core.sql(`SELECT count(*) AS count FROM deliveries WHERE status = 'CANCELLED'`)).toEqual([
    { count: 1_100 },
  ])
})

it('Removing events and delivering others to the same endpoint do not block each other', async () => {
  const receivers = [await startReceiver(), await startReceiver()]
  for (const { url } of receivers) await core.createEndpoint(url, 'post.created')
  await attempt(await publish(500), 'delivered')
  await attempt(await publish(500), 'retry')
  await passDays(core, 1)
  const young = await publish(200)
  await core.run('start')
  await passDays(core, RETENTION_DAYS - SPAN_DAYS)
  await until(async () => (await idsOf('queue', 'event_id')).length === 0)
  expect(await idsOf('events')).toEqual(young)
  expect(await core.sql('SELECT count(*) AS count FROM attempts')).toEqual([{ count: 2 * young.length }])
  expect(await wrongCounts(core)).toEqual([])
  for (const receiver of receivers) expect(new Set(receiver.eventIds())).toEqual(new Set(young))
  expect(await core.warnings()).toEqual([])
  for (const receiver of receivers) await receiver.close()
})
