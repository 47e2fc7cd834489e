import { randomUUID } from 'node:crypto'
import { connectTo } from '../support/database-connections'
import { explain } from '../support/explain'
import { startTestGateway } from '../support/gateway'
import { serverOnly } from '../support/server-only'

/** PostgreSQL keeps a plan for good after this many calls. */
const CALLS_UNTIL_KEPT = 8
const DELIVERED = 50_000

const CLAIM = `SELECT * FROM claim_deliveries('${randomUUID()}', 10000, 0, 10, 10, 10, '{}', '{}', '{}', 0)`
const PUBLISH = `SELECT publish_event('post.created', '{}', '', NULL, NULL) FROM generate_series(1, 10)`
/** One after the other, on a connection that has made no plan yet. */
const DELIVER = [
  `INSERT INTO events (type, body) SELECT 'post.created', '{}' FROM generate_series(1, ${DELIVERED})`,
  `INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count) SELECT events.id, endpoints.id, 'DELIVERED', 1
    FROM events, endpoints ON CONFLICT DO NOTHING`,
]

serverOnly('A claim reads no more when much has been delivered since its plan was made', async () => {
  const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
  await gateway.createEndpoint({ events: [{ type: 'post.created' }] })
  const [client, other] = await Promise.all([connectTo(gateway.database), connectTo(gateway.database)])
  const claim = async () => {
    await client.query(PUBLISH)
    // A delivery falls due in whole milliseconds, so up to half a millisecond after its event was published.
    await client.query('SELECT pg_sleep(0.002)')
    const { rows, blocks } = await explain(client, CLAIM)
    // One row describes the claim itself.
    expect(rows).toBe(1 + 10)
    return blocks
  }
  await claim()
  // As the server does by itself some time: it knows that the tables are small.
  await client.query('VACUUM ANALYZE')
  for (let call = 0; call < CALLS_UNTIL_KEPT; call += 1) await claim()
  const before = await claim()
  for (const statement of DELIVER) await other.query(statement)
  expect(await claim()).toBeLessThan(2 * before)
  await Promise.all([client.end(), other.end()])
  await gateway.stop()
})
