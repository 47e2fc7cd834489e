import { randomUUID } from 'node:crypto'
import type { LateOutcomeCommands, Result } from '../programs/late-outcome'
import { type Core, openCore } from '../support/core'
import { createTestDatabase, type TestDatabase } from '../support/gateway'

/** Longer than every lease. */
const LATER_MS = 60_000

const SUCCESS: Result = { outcome: 'delivered', responseStatus: 204, error: null, retryInMs: null }
const FAILURE: Result = { outcome: 'retry', responseStatus: 500, error: 'HTTP_STATUS', retryInMs: 5_000 }

let database: TestDatabase
let core: Core<LateOutcomeCommands>

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCore<LateOutcomeCommands>(database, { program: 'late-outcome' })
})
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

it('A success recorded after its lease was lost and another process failed still ends the delivery', async () => {
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

it('A failure recorded after its lease was lost is on record and leaves the delivery to the new holder', async () => {
  await core.sql('TRUNCATE events, queue, ended_deliveries, attempts')
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
