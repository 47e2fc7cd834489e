import type { Client } from 'pg'
import { connectTo } from '../support/database-connections'
import { explain } from '../support/explain'
import { startTestGateway } from '../support/gateway'
import { serverOnly } from '../support/server-only'

/** PostgreSQL keeps a plan for good after this many calls. */
const CALLS_UNTIL_KEPT = 8
const MANY = 30_000
const TYPE = 'post.created'
const QUIET_TYPE = 'user.deleted'

const publish = (type: string) => `SELECT publish_event('${type}', '{}', 'sub:test', NULL, NULL)`

/** The least of three calls: the server may collect statistics at any moment, and a connection then reads the catalogues again. */
async function leastBlocksOf(client: Client, statement: string): Promise<number> {
  const blocks: number[] = []
  for (let call = 0; call < 3; call += 1) blocks.push((await explain(client, statement)).blocks)
  return Math.min(...blocks)
}

serverOnly(
  'Publishing and fanning out read no more of large tables when their plans were made for empty ones',
  async () => {
    const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    for (const type of [TYPE, QUIET_TYPE]) await gateway.createEndpoint({ events: [{ type }] })
    const [client, other] = await Promise.all([connectTo(gateway.database), connectTo(gateway.database)])
    // As connections of the gateway.
    await client.query('SET jit = off')
    // As the server does by itself some time: it knows that the tables are empty.
    await client.query('TRUNCATE queue, lanes, fan_outs, ended_deliveries, lane_wakes')
    await client.query('VACUUM ANALYZE')
    for (let call = 0; call < CALLS_UNTIL_KEPT; call += 1) {
      await client.query(publish(TYPE))
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      await client.query(publish(TYPE))
      await client.query('COMMIT')
      await client.query('SELECT fan_out(0, 100)')
    }
    const before = await leastBlocksOf(client, publish(QUIET_TYPE))

    const addListeners = (type: string, isOn: boolean) =>
      other.query(
        `WITH endpoint AS (
          INSERT INTO endpoints (target, is_active) SELECT 'http://127.0.0.1:9/' || nth, $2 FROM generate_series(1, $3::integer) nth
          RETURNING id
        )
        INSERT INTO endpoint_events (endpoint_id, type, is_on) SELECT id, $1, $2 FROM endpoint`,
        [type, isOn, MANY],
      )
    await addListeners(QUIET_TYPE, false)
    await addListeners(TYPE, true)
    // Deliveries of other events, and lanes that sleep until they are due.
    await other.query(
      `INSERT INTO queue (event_id, endpoint_id, next_attempt_at) SELECT 1, id, now() + interval '1 hour' FROM endpoints ON CONFLICT DO NOTHING`,
    )
    await other.query(
      `INSERT INTO lanes (endpoint_id, is_awake, due_at) SELECT id, id % 2 = 0, now() + interval '1 hour' FROM endpoints
      WHERE id % 4 < 3 ON CONFLICT DO NOTHING`,
    )

    const after = await leastBlocksOf(client, publish(QUIET_TYPE))
    expect(after).toBeLessThan(before + 50)
    const { rows } = await client.query('SELECT fanned_out_at FROM events ORDER BY id DESC LIMIT 1')
    expect(rows[0].fanned_out_at).not.toBeNull()

    // 501 entries of an index.
    expect(await leastBlocksOf(client, publish(TYPE))).toBeLessThan(before + 50)
    const batch = 500
    const blocks: number[] = []
    for (let made = 0; made < MANY; made += batch)
      blocks.push((await explain(client, `SELECT fan_out(0, ${batch})`)).blocks)
    // For each delivery: its row, two indexes, and its lane with two indexes.
    expect(Math.max(...blocks)).toBeLessThan(batch * 30)
    await Promise.all([client.end(), other.end()])
    await gateway.stop()
  },
)
