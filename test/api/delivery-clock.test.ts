import { type Core, openCore } from '../support/core'
import { attemptsOf, deliveryOf, promisedWait, stretched } from '../support/events'
import { createTestDatabase, startTestGateway, type TestDatabase } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

const HOUR_MS = 3_600_000
/** The documented waits in seconds. */
const WAITS = [5, 25, 125, 625, 3125]
/** Shorter than every wait, longer than a statement takes to reach its database. */
const A_MOMENT_MS = 2_000

let database: TestDatabase
let core: Core
let receiver: TestReceiver
let canary: TestReceiver

beforeAll(async () => {
  receiver = await startReceiver(() => 500)
  canary = await startReceiver()
  database = await createTestDatabase()
  core = await openCore(database)
})
afterAll(async () => {
  await receiver?.close()
  await canary?.close()
  await database?.remove()
})

const dueAt = async (eventId: number) => {
  const [row] = await core.sql<{ at: string }>(
    'SELECT next_attempt_at AS at FROM deliveries WHERE event_id = $1::bigint',
    eventId,
  )
  return Date.parse(row?.at ?? '')
}

const recordedAttempts = async () => {
  const [row] = await core.sql<{ count: number }>(
    'SELECT count(*) AS count FROM attempts WHERE response_status = 500',
  )
  return row?.count
}

/** Waits until the dispatcher has claimed again: by then any due delivery has arrived. */
async function afterAnyClaim(): Promise<void> {
  const count = canary.received.length
  await core.publish('user.deleted')
  await until(() => canary.received.length > count)
}

it('The retry waits, with a clock held by the test, are 5, 25, 125, 625, 3125 s, a fifth longer at most, and then FAILED', async () => {
  const endpointId = await core.createEndpoint(receiver.url, 'post.created')
  await core.createEndpoint(canary.url, 'user.deleted')
  // Ahead of the real clock, which sets the due times of new events.
  await core.run('holdClock', Date.now() + HOUR_MS)
  await core.run('start')
  const eventId = await core.publish()
  await until(async () => (await recordedAttempts()) === 1)
  const promisedAt: number[] = []
  for (const nth of WAITS.keys()) {
    const due = await dueAt(eventId)
    promisedAt.push(due)
    await core.run('holdClock', due - A_MOMENT_MS)
    await afterAnyClaim()
    expect(receiver.received).toHaveLength(nth + 1)
    await core.run('holdClock', due)
    await until(async () => (await recordedAttempts()) === nth + 2)
  }
  // No attempt follows, at any later time.
  await core.run('holdClock', Date.now() + 1_000 * HOUR_MS)
  await afterAnyClaim()
  await core.close()

  expect(receiver.received.map((webhook) => webhook.eventId)).toEqual(Array(6).fill(eventId))
  const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
  const attempts = await attemptsOf(gateway, endpointId)
  expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
  expect(attempts.map(promisedWait)).toEqual([...WAITS.map((seconds) => stretched(seconds * 1_000)), null])
  expect(attempts.slice(0, -1).map(({ nextRetryAt }) => Date.parse(nextRetryAt ?? ''))).toEqual(promisedAt)
  for (const [nth, at] of promisedAt.entries()) {
    expect(Date.parse(attempts[nth + 1]?.createdAt ?? '')).toBeGreaterThanOrEqual(at)
  }
  expect(await deliveryOf(gateway, eventId)).toMatchObject({
    status: 'FAILED',
    attemptCount: 6,
    nextRetryAt: null,
  })
  await gateway.end()
})
