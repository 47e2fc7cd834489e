import type { Client } from 'pg'
import { openCore } from '../support/core'
import { connectTo } from '../support/database-connections'
import { explain } from '../support/explain'
import { createTestDatabase } from '../support/gateway'
import { describeServer } from '../support/server-only'

const ENDPOINTS = 50
const EVENTS = 4_000
/** What a page may read, by issue. */
const BLOCKS_MAX = 2_000

describeServer('A page reads few blocks of very many rows, also on statistics of an empty database:', () => {
  let client: Client

  beforeAll(async () => {
    const database = await createTestDatabase()
    const core = await openCore(database)
    await core.run('createEndpoints', ENDPOINTS, 'http://127.0.0.1:1', 'post.created')
    await core.close()
    client = await connectTo(database)
    await client.query(`
      ANALYZE;
      INSERT INTO events (id, type, body, created_at)
        SELECT nth, 'post.created', '{}', now() - nth * interval '1 second' FROM generate_series(1, ${EVENTS}) AS nth;
      INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
        SELECT nth, id, 'DELIVERED', 1, 1 FROM generate_series(1, ${EVENTS}) AS nth, endpoints;
      INSERT INTO queue (event_id, endpoint_id)
        SELECT nth, id FROM generate_series(${EVENTS + 1}, ${EVENTS + 1_000}) AS nth, endpoints;
      INSERT INTO attempts (event_id, endpoint_id, number, outcome, created_at, signature_header)
        SELECT nth, id, 1, 'DELIVERED', now() - nth * interval '1 second', '' FROM generate_series(1, ${EVENTS}) AS nth, endpoints`)
  })
  afterAll(() => client?.end())

  const scans: [what: string, statement: string][] = [
    ['all attempts', 'SELECT id FROM scan_attempts(NULL, NULL, NULL, NULL, NULL, 1200)'],
    ['attempts of an endpoint', 'SELECT id FROM scan_attempts(NULL, 7, NULL, NULL, NULL, 1200)'],
    ['attempts of an event', 'SELECT id FROM scan_attempts(77, NULL, NULL, NULL, NULL, 1200)'],
    ['attempts of a delivery', 'SELECT id FROM scan_attempts(77, 7, NULL, NULL, NULL, 1200)'],
    [
      'attempts from a place on',
      "SELECT id FROM scan_attempts(NULL, 7, now() - interval '30 minutes', 0, NULL, 1200)",
    ],
    ['all deliveries', 'SELECT event_id FROM scan_deliveries(NULL, NULL, NULL, NULL, NULL, true, true, 300)'],
    [
      'deliveries of an endpoint',
      'SELECT event_id FROM scan_deliveries(NULL, 7, NULL, NULL, NULL, true, true, 300)',
    ],
    [
      'pending deliveries of an endpoint',
      'SELECT event_id FROM scan_deliveries(NULL, 7, NULL, NULL, NULL, true, false, 300)',
    ],
    ['a delivery', 'SELECT event_id FROM scan_deliveries(77, 7, NULL, NULL, NULL, true, true, 2)'],
    ['a pending delivery', 'SELECT event_id FROM scan_deliveries(4100, 7, NULL, NULL, NULL, true, true, 2)'],
    [
      'deliveries of an event',
      'SELECT event_id FROM scan_deliveries(77, NULL, NULL, NULL, NULL, true, true, 300)',
    ],
    [
      'deliveries from a place on',
      'SELECT event_id FROM scan_deliveries(NULL, 7, 2000, 7, NULL, true, true, 300)',
    ],
    ['events', 'SELECT id FROM scan_events(NULL, NULL, NULL, 1200)'],
    ['events from a place on', "SELECT id FROM scan_events(now() - interval '30 minutes', 0, NULL, 1200)"],
  ]
  it.each(scans)('%s', async (_what, statement) => {
    // The first call on a connection also reads the catalogues.
    const { rowCount } = await client.query(statement)
    expect(rowCount).toBeGreaterThan(0)
    expect((await explain(client, statement)).blocks).toBeLessThan(BLOCKS_MAX)
  })
})
