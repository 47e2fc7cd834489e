import { randomUUID } from 'node:crypto'
import { type Core, openCore } from '../support/core'
import { createTestDatabase, type TestDatabase } from '../support/gateway'

/** Long enough for every lease to be over. */
const LATER_MS = 60_000

/** Claims what is due, and records what came of a send, as the process with this id does. */
const ACTS = `({ database, dist }) => {
  const { randomUUID } = require('node:crypto')
  const { claimDeliveries } = dist('delivery/queue/claims/claim-deliveries.js')
  const { recordAttempts } = dist('delivery/queue/recording/record-attempts.js')
  return {
    async claim(owner, clockOffsetMs) {
      const room = { slots: 10, slotsPerEndpoint: 10, busyEndpoints: [], afterEndpoint: 0, leaseMs: 10_000 }
      const { claimed } = await database.asyncCommitTransaction((query) =>
        claimDeliveries(query, { ...room, owner, clockOffsetMs }))
      return claimed[0]
    },
    async record(owner, clockOffsetMs, { id, eventId, endpointId, number, resendCount }, came) {
      const send = { sendId: randomUUID(), deliveryId: id, eventId, endpointId, number, resendCount }
      const sent = { sentAt: null, signatureHeader: '', responseBody: null, responseTruncated: false, durationMs: 1, isGone: false }
      await recordAttempts(database.query, { owner, clockOffsetMs }, [{ ...send, ...sent, ...came }])
    },
  }
}`

const SUCCESS = { outcome: 'delivered', responseStatus: 204, error: null, retryInMs: null }
const FAILURE = { outcome: 'retry', responseStatus: 500, error: 'HTTP_STATUS', retryInMs: 5_000 }

let database: TestDatabase
let core: Core

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCore(database, { ownActs: ACTS })
})
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

it('A success that is told after its lease was lost, and another process has failed, still ends the delivery', async () => {
  await core.createEndpoint('http://127.0.0.1:9/', 'post.created')
  await core.publish()
  const [late, other] = [randomUUID(), randomUUID()]
  const first = await core.run('claim', late, 0)
  const second = await core.run('claim', other, LATER_MS)
  await core.run('record', other, LATER_MS, second, FAILURE)
  await core.run('record', late, LATER_MS, first, SUCCESS)
  expect(await core.sql('SELECT status::text, lease_owner AS owner FROM deliveries')).toEqual([
    { status: 'DELIVERED', owner: null },
  ])
  expect(await core.sql('SELECT response_status AS status FROM attempts ORDER BY id')).toEqual([
    { status: 500 },
    { status: 204 },
  ])
})

it('A failure that is told after its lease was lost is on record, and leaves the delivery to its holder', async () => {
  await core.sql('TRUNCATE events CASCADE')
  await core.publish()
  const [late, other] = [randomUUID(), randomUUID()]
  const first = await core.run('claim', late, 0)
  const second = await core.run('claim', other, LATER_MS)
  await core.run('record', late, LATER_MS, first, FAILURE)
  expect(await core.sql('SELECT status::text, tries, lease_owner AS owner FROM deliveries')).toEqual([
    { status: 'PENDING', tries: 0, owner: other },
  ])
  await core.run('record', other, LATER_MS, second, SUCCESS)
  expect(await core.sql('SELECT status::text FROM deliveries')).toEqual([{ status: 'DELIVERED' }])
  expect(await core.sql('SELECT count(*) AS count FROM attempts')).toEqual([{ count: 2 }])
})
