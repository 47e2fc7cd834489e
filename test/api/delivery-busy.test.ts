import { attemptsOf, deliveryOf, promisedWait, publish } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { type Answer, startReceiver } from '../support/receiver'
import { serverOnlyConcurrent } from '../support/server-only'
import { onServer } from '../support/template'
import { createTestEndpoint } from '../support/test-endpoint'
import { until } from '../support/until'

let gateway: TestGateway
/** With one retry: a try that a busy answer used up would be missed. */
beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1' })
})
afterAll(() => gateway?.stop())

const busy = (status: number, retryAfter?: string): Answer & object => ({
  status,
  ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
})

describe('an answer that the receiver is busy', () => {
  it.concurrent.each([
    ['429', busy(429)],
    ['429 with Retry-After', busy(429, '1')],
    ['503 with Retry-After', busy(503, '1')],
  ])('uses up no try: %s', async (_, answer) => {
    const endpoint = await createTestEndpoint(gateway, (_request, nth) => (nth <= 3 ? answer : 204))
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'DELIVERED')
    const attempts = await endpoint.attempts()
    expect(attempts.map(({ number, responseStatus }) => [number, responseStatus])).toEqual([
      [1, answer.status],
      [2, answer.status],
      [3, answer.status],
      [4, 204],
    ])
    for (const attempt of attempts.slice(0, 3)) expect(promisedWait(attempt)).toBeGreaterThanOrEqual(1_000)
  })

  it.concurrent('is a failure when it is a 503 that names no time', async () => {
    const endpoint = await createTestEndpoint(gateway, () => 503)
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'FAILED')
    expect(await endpoint.attempts()).toHaveLength(2)
  })

  it.concurrent('keeps every delivery of the endpoint back as long as it asks', async () => {
    const { receiver, ...endpoint } = await createTestEndpoint(gateway, (_request, nth) =>
      nth === 1 ? busy(429, '4') : 204,
    )
    const first = await endpoint.publish()
    await endpoint.untilRecorded(1)
    const others = [await endpoint.publish(), await endpoint.publish()]
    for (const eventId of [first, ...others]) await endpoint.untilStatus(eventId, 'DELIVERED')
    const [refused, ...accepted] = receiver.received.map(({ at }) => at)
    expect(accepted).toHaveLength(3)
    expect(Math.min(...accepted)).toBeGreaterThanOrEqual((refused ?? 0) + 4_000)
  })

  it.concurrent('keeps back no other endpoint', async () => {
    const asking = await createTestEndpoint(gateway, () => busy(429, '3600'))
    await asking.publish()
    await asking.untilRecorded(1)
    const other = await createTestEndpoint(gateway)
    await other.untilStatus(await other.publish(), 'DELIVERED')
    expect(asking.receiver.received).toHaveLength(1)
  })

  it.concurrent('keeps nothing back any more once the endpoint has another target', async () => {
    const asking = await createTestEndpoint(gateway, () => busy(503, '3600'))
    const eventId = await asking.publish()
    await asking.untilRecorded(1)
    const next = await startReceiver()
    await asking.patch({ target: next.url })
    await asking.untilStatus(await asking.publish(), 'DELIVERED')
    // The first one waits for its own time, unless somebody resends it.
    const json = { event: eventId }
    expect((await gateway.rest('POST', `endpoint/${asking.id}/event/resend/`, { json })).status).toBe(204)
    await asking.untilStatus(eventId, 'DELIVERED')
    expect(next.received).toHaveLength(2)
  })

  serverOnlyConcurrent('uses up tries once the delivery has met such answers for 24 hours', async () => {
    const own = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1' })
    const receiver = await startReceiver(() => busy(429, '1'))
    const { id } = await own.createEndpoint({ target: receiver.url })
    const eventId = await publish(own)
    await until(async () => (await attemptsOf(own, id)).length >= 1)
    const aDayAgo = `UPDATE queue SET busy_since = busy_since - interval '1 day'`
    await onServer(own.database.env.DATABASE_URL ?? '', aDayAgo)
    await until(async () => (await deliveryOf(own, eventId)).status === 'FAILED')
    const answered = await attemptsOf(own, id)
    expect(new Set(answered.map(({ responseStatus }) => responseStatus))).toEqual(new Set([429]))
    expect(answered.length).toBeGreaterThanOrEqual(3)
    await own.stop()
  })
})

describe('an attempt that the database rejects', () => {
  serverOnlyConcurrent('is on record without its answer, and its delivery is not sent again', async () => {
    const own = await startTestGateway()
    const receiver = await startReceiver(() => ({ status: 200, body: 'poison' }))
    const { id } = await own.createEndpoint({ target: receiver.url })
    await onServer(
      own.database.env.DATABASE_URL ?? '',
      `ALTER TABLE attempts ADD CHECK (response_body IS DISTINCT FROM 'poison')`,
    )
    const eventId = await publish(own)
    await until(async () => (await deliveryOf(own, eventId)).status === 'DELIVERED')
    const [attempt, ...others] = await attemptsOf(own, id)
    expect(attempt).toMatchObject({ responseStatus: 200, responseBody: '', responseTruncated: true })
    expect([others, receiver.received.length]).toEqual([[], 1])
    await own.stop()
  })

  serverOnlyConcurrent('and that cannot be recorded at all is not sent again at each lease end', async () => {
    const own = await startTestGateway()
    const receiver = await startReceiver()
    const steady = await startReceiver()
    const { id } = await own.createEndpoint({ target: receiver.url })
    await own.createEndpoint({ target: steady.url, events: [{ type: 'post.deleted' }] })
    await onServer(
      own.database.env.DATABASE_URL ?? '',
      `ALTER TABLE attempts ADD CHECK (endpoint_id <> ${Number(id)})`,
    )
    const eventId = await publish(own)
    await until(() => receiver.received.length === 1)
    // Longer than a lease, while other deliveries are claimed.
    const until25 = Date.now() + 25_000
    while (Date.now() < until25) {
      const count = steady.received.length
      await publish(own, {}, 'post.deleted')
      await until(() => steady.received.length > count)
    }
    expect(receiver.received).toHaveLength(1)
    expect((await deliveryOf(own, eventId)).status).toBe('PENDING')
    await own.stop()
  })
})
