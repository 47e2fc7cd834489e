import type { Client } from 'pg'
import { openCore } from '../support/core'
import { connectTo } from '../support/database-connections'
import { explain } from '../support/explain'
import { createTestDatabase, type TestDatabase } from '../support/gateway'
import { serverOnly, usesServer } from '../support/server-only'

const ENDPOINTS = 20
const EVENTS = 1_000
const DELIVERIES = `INSERT INTO queue (event_id, endpoint_id)
  SELECT event, id FROM generate_series(1, ${EVENTS}) AS event, endpoints`
const lookFrom = (start: string) =>
  `SELECT next_look(id, 0, clock_timestamp(), ${start}) FROM endpoints ORDER BY id LIMIT 1`

let database: TestDatabase
let client: Client
beforeAll(async () => {
  if (!usesServer) return
  database = await createTestDatabase()
  const core = await openCore(database)
  await core.run('createEndpoints', ENDPOINTS, 'http://127.0.0.1:1', 'post.created')
  await core.close()
  client = await connectTo(database)
  await client.query(DELIVERIES)
  await client.query('VACUUM ANALYZE')
})
afterAll(() => client?.end())

async function blocksOf(look: string): Promise<number> {
  // The first call on a connection also reads the catalogues.
  await client.query(look)
  return (await explain(client, look)).blocks
}

serverOnly(
  'A look at the head of a lane reads the head alone, also on statistics of long lanes',
  async () => {
    expect(await blocksOf(lookFrom("'-infinity'"))).toBeLessThan(20)
  },
)

serverOnly('While a snapshot is open, a look from a start does not read what has ended before', async () => {
  const holder = await connectTo(database)
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM event_types')
  await client.query(`DELETE FROM queue WHERE event_id <= ${EVENTS - 100}`)
  await client.query("UPDATE queue SET next_attempt_at = clock_timestamp() + interval '1 ms'")
  expect(await blocksOf(lookFrom("'-infinity'"))).toBeGreaterThan(100)
  const { rows } = await client.query('SELECT min(next_attempt_at)::text AS start FROM queue')
  expect(await blocksOf(lookFrom(`'${rows[0].start}'`))).toBeLessThan(20)
  await holder.query('ROLLBACK')
  await holder.end()
})
