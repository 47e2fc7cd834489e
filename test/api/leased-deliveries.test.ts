import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { connectTo } from '../support/database-connections'
import { publishMany } from '../support/events'
import { explain } from '../support/explain'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { serverOnly } from '../support/server-only'

/** PostgreSQL keeps a plan for good after this many calls. */
const CALLS_UNTIL_KEPT = 8
const PENDING = 30_000
const OWNER = randomUUID()

const lease = (claimer: Client, slots: number) =>
  claimer.query(
    `SELECT event_id FROM claim_deliveries('${OWNER}', 10000, 0, ${slots}, ${slots}, ${slots}, '{}', '{}', '{}', 0)
    WHERE event_id IS NOT NULL`,
  )

/** What a worker does with deliveries that it has leased, as statements. */
const renew = (events: string[], endpoint: number) =>
  `SELECT renew_leases('${OWNER}', 0, 600000, '{${events}}', '{${events.map(() => endpoint)}}')`
const release = (events: string[], endpoint: number) =>
  `SELECT release_leases('${OWNER}', 0, '{${events}}', '{${events.map(() => endpoint)}}', '{${events.map(() => 60_000)}}')`
const record = (events: string[], endpoint: number, outcome: 'delivered' | 'retry') => {
  const attempts = events.map((eventId) => ({
    sendId: randomUUID(),
    eventId,
    endpointId: endpoint,
    number: 1,
    trigger: 'SCHEDULE',
    resendCount: 0,
    sentAt: null,
    signatureHeader: '',
    responseStatus: outcome === 'retry' ? 500 : 204,
    responseBody: '',
    responseTruncated: false,
    durationMs: 1,
    error: outcome === 'retry' ? 'HTTP_STATUS' : null,
    errorDetail: null,
    outcome,
    retryInMs: outcome === 'retry' ? 60_000 : null,
    restMs: null,
    isGone: false,
  }))
  return `SELECT id FROM record_attempts('${OWNER}', 0, 0, '${JSON.stringify(attempts)}')`
}

/** Publishes and leases one event, and lets `act` wait for a transaction that writes the delivery without changing it. */
async function waitForItsLock(gateway: TestGateway, act: (event: string) => string): Promise<void> {
  const [worker, other] = await Promise.all([connectTo(gateway.database), connectTo(gateway.database)])
  const [event] = await publishMany(gateway, 1)
  const { rows } = await lease(worker, 1)
  expect(rows).toEqual([{ event_id: String(event) }])
  await other.query('BEGIN')
  await other.query('UPDATE queue SET resend_count = resend_count WHERE event_id = $1', [event])
  const acting = worker.query(act(String(event)))
  await untilWaiting(other)
  await other.query('COMMIT')
  await acting
  await Promise.all([worker.end(), other.end()])
}

async function queryOnce(gateway: TestGateway, text: string) {
  const client = await connectTo(gateway.database)
  const { rows } = await client.query(text)
  await client.end()
  return rows
}

describe('Another transaction writes a leased delivery meanwhile', () => {
  serverOnly('and its attempt is recorded, its lease renewed or released anyway', async () => {
    const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    const { id } = await gateway.createEndpoint()
    const endpoint = Number(id)

    await waitForItsLock(gateway, (event) => record([event], endpoint, 'delivered'))
    expect(await queryOnce(gateway, 'SELECT status FROM deliveries')).toEqual([{ status: 'DELIVERED' }])
    expect(await queryOnce(gateway, 'SELECT FROM queue')).toHaveLength(0)

    const pending = `
      SELECT tries, lease_owner IS NOT NULL AS "isHeld", next_attempt_at > now() + interval '30 s' AS "isLater",
        lease_expires_at > now() + interval '60 s' AS "isRenewed"
      FROM queue ORDER BY event_id DESC LIMIT 1`
    await waitForItsLock(gateway, (event) => record([event], endpoint, 'retry'))
    expect(await queryOnce(gateway, pending)).toEqual([
      { tries: 1, isHeld: false, isLater: true, isRenewed: null },
    ])
    await waitForItsLock(gateway, (event) => renew([event], endpoint))
    expect(await queryOnce(gateway, pending)).toEqual([
      { tries: 0, isHeld: true, isLater: false, isRenewed: true },
    ])
    await waitForItsLock(gateway, (event) => release([event], endpoint))
    expect(await queryOnce(gateway, pending)).toEqual([
      { tries: 0, isHeld: false, isLater: true, isRenewed: null },
    ])
    await gateway.stop()
  })
})

serverOnly(
  'Recording, renewing and releasing read no more when the queue has grown since their plans were made',
  async () => {
    const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    const { id } = await gateway.createEndpoint({ events: [{ type: 'post.created' }] })
    const endpoint = Number(id)
    const [client, other] = await Promise.all([connectTo(gateway.database), connectTo(gateway.database)])
    /** The blocks that each statement reads for ten leased deliveries. */
    const measure = async () => {
      const blocks: number[] = []
      for (const act of [
        renew,
        release,
        (...held: [string[], number]) => record(...held, 'retry'),
        (...held: [string[], number]) => record(...held, 'delivered'),
      ]) {
        await client.query(
          `SELECT publish_event('post.created', '{}', '', NULL, NULL) FROM generate_series(1, 10)`,
        )
        await client.query('SELECT pg_sleep(0.002)')
        const { rows } = await lease(client, 10)
        expect(rows).toHaveLength(10)
        const held = rows.map(({ event_id }) => event_id)
        blocks.push((await explain(client, act(held, endpoint))).blocks)
        await client.query(record(held, endpoint, 'delivered'))
      }
      return blocks
    }
    // As the server does by itself some time: it knows that the queue is empty.
    await client.query('VACUUM ANALYZE')
    for (let call = 0; call < CALLS_UNTIL_KEPT; call += 1) await measure()
    const before = await measure()
    // Deliveries that are not due.
    await other.query(
      `WITH event AS (INSERT INTO events (type, body) SELECT 'user.deleted', '{}' FROM generate_series(1, ${PENDING}) RETURNING id)
    INSERT INTO queue (event_id, endpoint_id, next_attempt_at) SELECT id, $1, now() + interval '1 day' FROM event`,
      [endpoint],
    )
    // The least of three: the server may collect statistics at any moment, and a connection then reads the catalogues again.
    const after = [await measure(), await measure(), await measure()]
    for (const [nth, blocks] of before.entries())
      expect(Math.min(...after.map((measured) => measured[nth] ?? 0))).toBeLessThan(blocks + 200)
    await Promise.all([client.end(), other.end()])
    await gateway.stop()
  },
)
