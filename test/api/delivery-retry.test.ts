import { Webhook } from 'standardwebhooks'
import { EXPIRE, REVEAL } from '../support/event-documents'
import { attemptsOf, deliveriesOf, deliveryOf, promisedWait, publish, stretched } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { serverOnlyConcurrent } from '../support/server-only'
import { onServer } from '../support/template'
import { createTestEndpoint } from '../support/test-endpoint'
import { until } from '../support/until'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1,1,1' })
})
afterAll(() => gateway?.stop())

const failingEndpoint = () => createTestEndpoint(gateway, () => 500)

/** Fails, with a retry so late that a test on a busy machine can change the endpoint before it. */
const busyEndpoint = () =>
  createTestEndpoint(gateway, () => ({ status: 503, headers: { 'retry-after': '3' } }))

/** Waits until a retry that is due by now would have arrived: until one of a newer endpoint has. */
async function afterAnyRetry(create = failingEndpoint): Promise<void> {
  const newer = await create()
  await newer.publish()
  await until(() => newer.receiver.received.length >= 2)
  await gateway.rest('DELETE', `endpoint/${newer.id}/`)
}

describe('a retry', () => {
  it.concurrent('follows the schedule, with one webhook-id, until the delivery has FAILED', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'FAILED')
    const attempts = await endpoint.attempts()
    expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(attempts.map(promisedWait)).toEqual([stretched(1000), stretched(1000), stretched(1000), null])
    expect(new Set(attempts.map(({ error, responseStatus }) => `${error} ${responseStatus}`))).toEqual(
      new Set(['HTTP_STATUS 500']),
    )
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ attemptCount: 4, nextRetryAt: null })

    await afterAnyRetry()
    expect(receiver.received.map(({ id }) => id)).toEqual(Array(4).fill(`evt_${eventId}`))
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
    // Each attempt is signed for its own time, and none is early.
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4)
    for (const [nth, { nextRetryAt }] of attempts.slice(0, 3).entries()) {
      expect(receiver.received[nth + 1]?.at).toBeGreaterThanOrEqual(Date.parse(nextRetryAt ?? '') - 1)
    }
  })

  it.concurrent('that succeeds is the last', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    receiver.answer = (_request, nth) => (nth < 3 ? 503 : 200)
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'DELIVERED')
    const attempts = await endpoint.attempts()
    expect(attempts.map(({ error, nextRetryAt }) => [error, nextRetryAt === null])).toEqual([
      ['HTTP_STATUS', false],
      ['HTTP_STATUS', false],
      [null, true],
    ])
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(3)
  })

  it.concurrent('waits 5 s after the first try unless the schedule is set', async () => {
    const plain = await startTestGateway()
    const endpoint = await createTestEndpoint(plain, () => 500)
    await endpoint.publish()
    await endpoint.untilRecorded(1)
    expect((await endpoint.attempts()).map(promisedWait)).toEqual([stretched(5000)])
    await plain.stop()
  })

  it.concurrent('is delayed by Retry-After, and never advanced', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    const past = new Date(Date.now() - 60_000).toUTCString()
    const retryAfter = ['2', '0', past, '5']
    receiver.answer = (_request, nth) => ({
      status: 500,
      headers: { 'retry-after': retryAfter[nth - 1] ?? '' },
    })
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'FAILED')
    expect((await endpoint.attempts()).map(promisedWait)).toEqual([
      stretched(2000),
      stretched(1000),
      stretched(1000),
      null,
    ])
  })

  it.concurrent('is delayed by a Retry-After that is a date', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    const date = Math.floor(Date.now() / 1000) * 1000 + 60_000
    receiver.answer = () => ({ status: 500, headers: { 'retry-after': new Date(date).toUTCString() } })
    await endpoint.publish()
    await endpoint.untilRecorded(1)
    const [attempt] = await endpoint.attempts()
    expect(Date.parse(attempt?.nextRetryAt ?? '')).toBeGreaterThanOrEqual(date)
    expect(attempt && promisedWait(attempt)).toBeLessThanOrEqual(1.2 * 60_000)
  })

  it.concurrent('goes to the target, and not where a redirect leads', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    const elsewhere = await startReceiver()
    receiver.answer = () => ({ status: 307, headers: { location: elsewhere.url } })
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(2)
    const [attempt] = await endpoint.attempts()
    expect(attempt).toMatchObject({ error: 'REDIRECT', responseStatus: 307 })
    expect(attempt && promisedWait(attempt)).toEqual(stretched(1000))
    await endpoint.untilStatus(eventId, 'FAILED')
    expect(elsewhere.received).toEqual([])
  })

  it.concurrent('follows a CONNECTION error, with nothing sent, when nobody listens at the target', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    await receiver.close()
    await endpoint.publish()
    await endpoint.untilRecorded(1)
    const [attempt] = await endpoint.attempts()
    expect(attempt).toMatchObject({
      error: 'CONNECTION',
      responseStatus: null,
      responseBody: null,
      sentAt: null,
    })
  })

  it.concurrent('410 Gone switches the endpoint off with a reason; switched on again, it gets the pending delivery', async () => {
    const { receiver, ...endpoint } = await failingEndpoint()
    receiver.answer = () => 410
    const before = (await gateway.rest('GET', `endpoint/${endpoint.id}/`)).headers.get('etag')
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    const [attempt] = await endpoint.attempts()
    expect(attempt).toMatchObject({ responseStatus: 410, error: 'HTTP_STATUS', number: 1, nextRetryAt: null })
    const delivery = await deliveryOf(gateway, eventId)
    expect([
      delivery.status,
      delivery.nextRetryAt,
      delivery.endpoint.isActive,
      delivery.endpoint.disabledReason,
    ]).toEqual(['PENDING', null, false, 'GONE'])
    // Switching the endpoint off is a change like any other.
    expect((await gateway.rest('GET', `endpoint/${endpoint.id}/`)).headers.get('etag')).not.toBe(before)
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(1)

    receiver.answer = () => 204
    await endpoint.patch({ is_active: true })
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect((await deliveryOf(gateway, eventId)).endpoint).toMatchObject({
      isActive: true,
      disabledReason: null,
    })
    expect(receiver.received.map(({ id }) => id)).toEqual(Array(2).fill(`evt_${eventId}`))
  })

  it.concurrent('410 Gone from a target that was changed meanwhile switches nothing off', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const next = await startReceiver()
    receiver.answer = () => ({ status: 410, afterMs: 300 })
    const eventId = await endpoint.publish()
    await until(() => receiver.received.length === 1)
    await endpoint.patch({ target: next.url })
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(next.received).toHaveLength(1)
    expect((await deliveryOf(gateway, eventId)).endpoint).toMatchObject({
      isActive: true,
      disabledReason: null,
    })
  })

  it.concurrent('uses the new target after a change', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const next = await startReceiver()
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    await endpoint.patch({ target: next.url })
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(next.received).toHaveLength(1)
    expect(next.received[0]?.body).toBe(receiver.received[0]?.body)
  })

  it.concurrent('is signed with the new secret after a change', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const { answer } = receiver
    const id = String(endpoint.id)
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    await gateway.gql(EXPIRE, { id })
    // A request that comes from here on was signed by the new secret.
    const before = receiver.received.length
    receiver.answer = (request, nth) => (nth > before ? 204 : answer(request, nth))
    const secret = (await gateway.gql(REVEAL, { id })).data.revealWebhookEndpointSecret.signingSecret
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(receiver.received).toHaveLength(before + 1)
    const [first, last] = [receiver.received[0], receiver.received[before]]
    expect(() => new Webhook(secret).verify(first?.body ?? '', first?.headers ?? {})).toThrow()
    expect(new Webhook(secret).verify(last?.body ?? '', last?.headers ?? {})).toMatchObject({
      event_id: eventId,
    })
  })

  it.concurrent('a change of the event types applies to the very next event', async () => {
    const [endpoint, other] = [await createTestEndpoint(gateway), await createTestEndpoint(gateway)]
    await gateway.rest('DELETE', `endpoint/${other.id}/`)
    await endpoint.patch({ events: [{ type: other.type }] })
    expect(await deliveriesOf(gateway, await endpoint.publish())).toEqual([])
    const eventId = await other.publish()
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(endpoint.receiver.eventIds()).toEqual([eventId])
  })

  it.concurrent('of a type that was taken off the endpoint is CANCELLED, until it is resent', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    await endpoint.patch({ events: [{ type: 'post.deleted' }] })
    await endpoint.untilStatus(eventId, 'CANCELLED')
    expect(receiver.received).toHaveLength(1)
    receiver.answer = () => 204
    const json = { event: eventId }
    expect((await gateway.rest('POST', `endpoint/${endpoint.id}/event/resend/`, { json })).status).toBe(204)
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(receiver.received).toHaveLength(2)
  })

  it.concurrent('waits while the endpoint is switched off, and is sent when it is switched on', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    await endpoint.patch({ is_active: false })
    await afterAnyRetry(busyEndpoint)
    expect(receiver.received).toHaveLength(1)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'PENDING', attemptCount: 1 })
    receiver.answer = () => 204
    await endpoint.patch({ is_active: true })
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect(receiver.received).toHaveLength(2)
  })

  it.concurrent('is CANCELLED when the endpoint is deleted', async () => {
    const { receiver, ...endpoint } = await busyEndpoint()
    const eventId = await endpoint.publish()
    await endpoint.untilRecorded(1)
    await gateway.rest('DELETE', `endpoint/${endpoint.id}/`)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'CANCELLED', nextRetryAt: null })
    await afterAnyRetry(busyEndpoint)
    expect(receiver.received).toHaveLength(1)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'CANCELLED', attemptCount: 1 })
  })

  it.concurrent('after a stop that aborted a hanging send uses up no try for it', async () => {
    const hanging = await startReceiver(() => 'never')
    const first = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1' })
    const { id } = await first.createEndpoint({ target: hanging.url })
    const eventId = await publish(first)
    await until(() => hanging.open() === 1)
    expect(await first.end()).toBe(0)
    hanging.answer = () => 500
    const second = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1' }, first.database)
    await until(async () => (await deliveryOf(second, eventId)).status === 'FAILED')
    const attempts = await attemptsOf(second, id)
    expect(attempts.map(({ error }) => error)).toEqual(['ABORTED', 'HTTP_STATUS', 'HTTP_STATUS'])
    await second.stop()
  })

  serverOnlyConcurrent(
    'uses up one try each, though the receiver answers before the claim is committed',
    async () => {
      const slow = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1,1' })
      await onServer(
        slow.database.env.DATABASE_URL ?? '',
        `CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON queue DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (new.lease_owner IS NOT NULL) EXECUTE FUNCTION slow_commit()`,
      )
      const { receiver, ...endpoint } = await createTestEndpoint(slow, () => 500)
      const eventId = await endpoint.publish()
      await endpoint.untilStatus(eventId, 'FAILED')
      expect((await endpoint.attempts()).map(({ number }) => number)).toEqual([1, 2, 3])
      expect(receiver.received).toHaveLength(3)
      await slow.stop()
    },
  )
})
