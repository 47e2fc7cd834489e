import { attemptsOf, deliveryOf, publish, publishMany } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

jest.setTimeout(240_000)

let receiver: TestReceiver
let other: TestReceiver
beforeEach(async () => {
  receiver = await startReceiver()
  other = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
  await other.close()
})

interface Queue {
  gateway: TestGateway
  /** of the endpoint at `receiver`, and of the one at `other`, which listens to post.deleted */
  endpointId: number
  otherId: number
  eventIds: number[]
  otherEventIds: number[]
}

/** A gateway that has just begun to deliver this many events to an endpoint, and then to another one. */
async function queue(env: Record<string, string>, count: number, otherCount = 0): Promise<Queue> {
  const publishing = await startTestGateway({ HOOKGATE_ROLES: 'api' })
  const { id: endpointId } = await publishing.createEndpoint({ target: receiver.url })
  const fields = { target: other.url, events: [{ type: 'post.deleted' }] }
  const { id: otherId } = await publishing.createEndpoint(fields)
  const eventIds = await publishMany(publishing, count)
  const otherEventIds = await publishMany(publishing, otherCount, 'post.deleted')
  await publishing.end()
  const gateway = await startTestGateway(env, publishing.database)
  return { gateway, endpointId, otherId, eventIds, otherEventIds }
}

const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b)

it('switched off with 500 deliveries pending, none is begun after the answer; on again, each arrives once', async () => {
  receiver.answer = () => ({ status: 204, afterMs: 100 })
  const { gateway, endpointId, eventIds } = await queue({}, 500)
  const patch = async (json: object) => {
    expect((await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json })).status).toBe(200)
    return Date.now()
  }
  for (const mark of [50, 150, 300]) {
    await until(() => receiver.received.length >= mark)
    const answeredAt = await patch({ is_active: false })
    // What was in flight ends and is written down.
    await until(async () => {
      const { body } = await gateway.rest('GET', `endpoint/${endpointId}/attempt/?limit=1`)
      return receiver.open() === 0 && body.count === receiver.received.length
    })
    const sent = await attemptsOf(gateway, endpointId)
    expect(sent.filter(({ sentAt }) => Date.parse(sentAt ?? '') > answeredAt)).toEqual([])
    expect(sent.length).toBeLessThan(500)

    // Others are served meanwhile: whoever would still be sent to would have been.
    const last = await publish(gateway, {}, 'post.deleted')
    await until(() => other.eventIds().includes(last))
    expect(receiver.received).toHaveLength(sent.length)
    await patch({ is_active: true })
  }
  await until(() => receiver.received.length >= 500)
  await until(async () => (await attemptsOf(gateway, endpointId)).length === 500)
  expect(sorted(receiver.eventIds())).toEqual(sorted(eventIds))
  for (const id of eventIds) {
    expect(await deliveryOf(gateway, id)).toMatchObject({ status: 'DELIVERED', attemptCount: 1 })
  }
  await gateway.stop()
})

it('deleted with deliveries pending, not one starts after the answer', async () => {
  receiver.answer = () => ({ status: 204, afterMs: 100 })
  const { gateway, endpointId, eventIds } = await queue({}, 200)
  await until(() => receiver.received.length >= 20)
  expect((await gateway.rest('DELETE', `endpoint/${endpointId}/`)).status).toBe(204)
  // Those whose requests were on their way arrive: ten at most.
  const arrived = receiver.received.length
  const last = await publish(gateway, {}, 'post.deleted')
  await until(() => other.eventIds().includes(last) && receiver.open() === 0)
  expect(receiver.received.length - arrived).toBeLessThanOrEqual(10)
  const received = new Set(receiver.eventIds())
  await until(async () => {
    const deliveries = await Promise.all(eventIds.map((id) => deliveryOf(gateway, id)))
    return deliveries.every(({ status }) => status === 'DELIVERED' || status === 'CANCELLED')
  })
  for (const id of eventIds) {
    expect((await deliveryOf(gateway, id)).status).toBe(received.has(id) ? 'DELIVERED' : 'CANCELLED')
  }
  await gateway.stop()
})

it('a receiver that never answers, with 300 deliveries pending, holds up no other endpoint', async () => {
  receiver.answer = () => 'never'
  const env = { HOOKGATE_SEND_TIMEOUT_MS: '8000', HOOKGATE_RETRY_SCHEDULE: '3600' }
  const { gateway, endpointId, otherEventIds } = await queue(env, 300, 50)
  await until(() => other.received.length >= 50)
  expect(sorted(other.eventIds())).toEqual(sorted(otherEventIds))
  // All of them while the first ten of the hanging ones still hung.
  expect(receiver.received).toHaveLength(10)

  await until(() => receiver.received.length > 10)
  const ended = await attemptsOf(gateway, endpointId)
  for (const attempt of ended) expect(attempt).toMatchObject({ error: 'TIMEOUT', responseStatus: null })
  const last = await publish(gateway, {}, 'post.deleted')
  await until(() => other.eventIds().includes(last))
  await gateway.end('SIGKILL')
  await gateway.database.remove()
})

it.each([
  ['an endpoint', { HOOKGATE_ENDPOINT_CONCURRENCY: '3' }, 3, 6],
  ['the process', { HOOKGATE_CONCURRENCY: '4' }, 4, 4],
])('no more sends are in flight than %s may have', async (_whose, env, most, total) => {
  let peak = 0
  const answer = () => {
    peak = Math.max(peak, receiver.open() + other.open())
    return { status: 204, afterMs: 30 }
  }
  receiver.answer = answer
  other.answer = answer
  const { gateway, endpointId, otherId } = await queue(env, 40, 40)
  for (const id of [endpointId, otherId])
    await until(async () => (await attemptsOf(gateway, id)).length === 40)
  expect(receiver.peak()).toBeLessThanOrEqual(most)
  expect(other.peak()).toBeLessThanOrEqual(most)
  expect(peak).toBeLessThanOrEqual(total)
  // And both are served side by side, not one after the other.
  expect(other.received[0]?.at).toBeLessThan(receiver.received.at(-1)?.at ?? 0)
  expect(receiver.received[0]?.at).toBeLessThan(other.received.at(-1)?.at ?? 0)
  await gateway.stop()
})
