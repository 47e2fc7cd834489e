import { openCore } from '../support/core'
import { connectTo } from '../support/database-connections'
import { createTestDatabase } from '../support/gateway'
import { serverOnly } from '../support/server-only'

const ENDPOINTS = 20
const EVENTS = 1_000
const DELIVERIES = `INSERT INTO queue (event_id, endpoint_id)
  SELECT event, id FROM generate_series(1, ${EVENTS}) AS event, endpoints`
const LOOK = `SELECT next_look(id, 0, clock_timestamp()) FROM endpoints ORDER BY id LIMIT 1`

serverOnly(
  'A look at the head of a lane reads the head alone, also on statistics of long lanes',
  async () => {
    const database = await createTestDatabase()
    const core = await openCore(database)
    await core.run('createEndpoints', ENDPOINTS, 'http://127.0.0.1:1', 'post.created')
    await core.close()
    const client = await connectTo(database)
    await client.query(DELIVERIES)
    await client.query('VACUUM ANALYZE')
    await client.query(LOOK)
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${LOOK}`)
    const { Plan: plan } = rows[0]['QUERY PLAN'][0]
    expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(20)
    await client.end()
  },
)
