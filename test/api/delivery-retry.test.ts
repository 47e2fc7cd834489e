import { Webhook } from 'standardwebhooks'
import { EXPIRE, REVEAL } from '../support/event-documents'
import { attemptsOf, deliveriesOf, deliveryOf, promisedWait, publish } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { onServer } from '../support/template'
import { until } from '../support/until'

const serverOnly = process.env.TEST_DATABASE_URL === undefined ? it.skip : it

let gateway: TestGateway
let receiver: TestReceiver
let endpointId: number

beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1,1,1' })
})
beforeEach(async () => {
  receiver = await startReceiver(() => 500)
  endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
})
afterEach(async () => {
  await gateway.rest('DELETE', `endpoint/${endpointId}/`)
  await receiver.close()
})
afterAll(() => gateway?.stop())

const patch = async (json: object) => {
  expect((await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json })).status).toBe(200)
}

const isRecorded = (count: number) => async () => (await attemptsOf(gateway, endpointId)).length >= count

const hasStatus = (eventId: number, status: string) => async () =>
  (await deliveryOf(gateway, eventId)).status === status

/** Lets time pass until a retry that was due by now would have arrived: until one of another endpoint has. */
async function afterAnyRetry(): Promise<void> {
  const canary = await startReceiver(() => 500)
  const fields = { target: canary.url, events: [{ type: 'user.deleted' }] }
  const { id } = await gateway.createEndpoint(fields)
  await publish(gateway, {}, 'user.deleted')
  await until(() => canary.received.length >= 2)
  await gateway.rest('DELETE', `endpoint/${id}/`)
  await canary.close()
}

describe('a receiver that fails', () => {
  it('is tried once and then as the schedule says, with one webhook-id, until the delivery has FAILED', async () => {
    const eventId = await publish(gateway)
    await until(hasStatus(eventId, 'FAILED'))
    const attempts = await attemptsOf(gateway, endpointId)
    expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(attempts.map(promisedWait)).toEqual([1000, 1000, 1000, null])
    expect(new Set(attempts.map(({ error, responseStatus }) => `${error} ${responseStatus}`))).toEqual(
      new Set(['HTTP_STATUS 500']),
    )
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ attemptCount: 4, nextRetryAt: null })

    await afterAnyRetry()
    expect(receiver.received.map(({ id }) => id)).toEqual(Array(4).fill(`evt_${eventId}`))
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
    // Each is signed for its own moment, and none comes before its time.
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4)
    for (const [nth, { nextRetryAt }] of attempts.slice(0, 3).entries()) {
      expect(receiver.received[nth + 1]?.at).toBeGreaterThanOrEqual(Date.parse(nextRetryAt ?? '') - 1)
    }
  })

  it('and then succeeds gets nothing more', async () => {
    receiver.answer = (_request, nth) => (nth < 3 ? 503 : 200)
    const eventId = await publish(gateway)
    await until(hasStatus(eventId, 'DELIVERED'))
    const attempts = await attemptsOf(gateway, endpointId)
    expect(attempts.map(({ error, nextRetryAt }) => [error, nextRetryAt === null])).toEqual([
      ['HTTP_STATUS', false],
      ['HTTP_STATUS', false],
      [null, true],
    ])
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(3)
  })

  it('waits 5 s after the first try unless the schedule is set', async () => {
    const plain = await startTestGateway()
    const { id } = await plain.createEndpoint({ target: receiver.url })
    await publish(plain)
    await until(async () => (await attemptsOf(plain, id)).length === 1)
    expect((await attemptsOf(plain, id)).map(promisedWait)).toEqual([5000])
    await plain.stop()
  })

  it('may ask for a longer wait by Retry-After, not for a shorter one', async () => {
    const past = new Date(Date.now() - 60_000).toUTCString()
    const asked = ['2', '0', past, '5']
    receiver.answer = (_request, nth) => ({ status: 429, headers: { 'retry-after': asked[nth - 1] ?? '' } })
    const eventId = await publish(gateway)
    await until(hasStatus(eventId, 'FAILED'))
    expect((await attemptsOf(gateway, endpointId)).map(promisedWait)).toEqual([2000, 1000, 1000, null])
  })

  it('may ask for a longer wait by a date', async () => {
    const date = Math.floor(Date.now() / 1000) * 1000 + 60_000
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': new Date(date).toUTCString() } })
    await publish(gateway)
    await until(isRecorded(1))
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(Date.parse(attempt?.nextRetryAt ?? '')).toBeGreaterThanOrEqual(date)
    expect(attempt && promisedWait(attempt)).toBeLessThanOrEqual(60_000)
  })

  it('that redirects is not followed', async () => {
    const elsewhere = await startReceiver()
    receiver.answer = () => ({ status: 307, headers: { location: elsewhere.url } })
    const eventId = await publish(gateway)
    await until(isRecorded(2))
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt).toMatchObject({ error: 'REDIRECT', responseStatus: 307 })
    expect(attempt && promisedWait(attempt)).toBe(1000)
    await until(hasStatus(eventId, 'FAILED'))
    expect(elsewhere.received).toEqual([])
    await elsewhere.close()
  })

  it('that is not there is a CONNECTION error, with nothing sent', async () => {
    await receiver.close()
    await publish(gateway)
    await until(isRecorded(1))
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt).toMatchObject({
      error: 'CONNECTION',
      responseStatus: null,
      responseBody: null,
      sentAt: null,
    })
    receiver = await startReceiver()
  })
})

describe('410 Gone', () => {
  it('switches the endpoint off and says why; switched on again, it gets what is pending', async () => {
    receiver.answer = () => 410
    const before = (await gateway.rest('GET', `endpoint/${endpointId}/`)).headers.get('etag')
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt).toMatchObject({ responseStatus: 410, error: 'HTTP_STATUS', number: 1, nextRetryAt: null })
    const { status, endpoint, nextRetryAt } = await deliveryOf(gateway, eventId)
    expect([status, nextRetryAt, endpoint.isActive, endpoint.disabledReason]).toEqual([
      'PENDING',
      null,
      false,
      expect.stringContaining('410'),
    ])
    // Switching it off is a change like any other.
    expect((await gateway.rest('GET', `endpoint/${endpointId}/`)).headers.get('etag')).not.toBe(before)
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(1)

    receiver.answer = () => 204
    await patch({ is_active: true })
    await until(hasStatus(eventId, 'DELIVERED'))
    expect((await deliveryOf(gateway, eventId)).endpoint).toMatchObject({
      isActive: true,
      disabledReason: null,
    })
    expect(receiver.received.map(({ id }) => id)).toEqual(Array(2).fill(`evt_${eventId}`))
  })

  it('of a target that was given up meanwhile switches nothing off', async () => {
    const next = await startReceiver()
    receiver.answer = () => ({ status: 410, afterMs: 300 })
    const eventId = await publish(gateway)
    await until(() => receiver.received.length === 1)
    await patch({ target: next.url })
    await until(hasStatus(eventId, 'DELIVERED'))
    expect(next.received).toHaveLength(1)
    expect((await deliveryOf(gateway, eventId)).endpoint).toMatchObject({
      isActive: true,
      disabledReason: null,
    })
    await next.close()
  })
})

describe('a change of the endpoint applies to the very next attempt', () => {
  it('its target', async () => {
    const next = await startReceiver()
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    await patch({ target: next.url })
    await until(hasStatus(eventId, 'DELIVERED'))
    expect([receiver.received.length, next.received.length]).toEqual([1, 1])
    expect(next.received[0]?.body).toBe(receiver.received[0]?.body)
    await next.close()
  })

  it('its secret', async () => {
    receiver.answer = (_request, nth) => (nth === 1 ? 500 : 204)
    const id = String(endpointId)
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    await gateway.gql(EXPIRE, { id })
    const secret = (await gateway.gql(REVEAL, { id })).data.revealWebhookEndpointSecret
    await until(hasStatus(eventId, 'DELIVERED'))
    const [first, second] = receiver.received
    expect(() => new Webhook(secret).verify(first?.body ?? '', first?.headers ?? {})).toThrow()
    expect(new Webhook(secret).verify(second?.body ?? '', second?.headers ?? {})).toMatchObject({
      event_id: eventId,
    })
  })

  it('its list of event types', async () => {
    receiver.answer = () => 204
    await patch({ events: [{ type: 'post.deleted' }] })
    expect(await deliveriesOf(gateway, await publish(gateway, {}, 'post.created'))).toEqual([])
    const eventId = await publish(gateway, {}, 'post.deleted')
    await until(hasStatus(eventId, 'DELIVERED'))
    expect(receiver.eventIds()).toEqual([eventId])
  })

  it('its list of event types: a retry of a type that was taken off is CANCELLED, until it is asked for', async () => {
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    await patch({ events: [{ type: 'post.deleted' }] })
    await until(hasStatus(eventId, 'CANCELLED'))
    expect(receiver.received).toHaveLength(1)
    receiver.answer = () => 204
    const json = { event: eventId }
    expect((await gateway.rest('POST', `endpoint/${endpointId}/event/resend/`, { json })).status).toBe(204)
    await until(hasStatus(eventId, 'DELIVERED'))
    expect(receiver.received).toHaveLength(2)
  })

  it('switching it off: pending retries stop, and go on when it is switched on', async () => {
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    await patch({ is_active: false })
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(1)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'PENDING', attemptCount: 1 })
    receiver.answer = () => 204
    await patch({ is_active: true })
    await until(hasStatus(eventId, 'DELIVERED'))
    expect(receiver.received).toHaveLength(2)
  })

  it('deleting it: what is pending is CANCELLED', async () => {
    const eventId = await publish(gateway)
    await until(isRecorded(1))
    await gateway.rest('DELETE', `endpoint/${endpointId}/`)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'CANCELLED', nextRetryAt: null })
    await afterAnyRetry()
    expect(receiver.received).toHaveLength(1)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'CANCELLED', attemptCount: 1 })
  })
})

it('a stop breaks off what hangs, and that uses up no try', async () => {
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
  await hanging.close()
})

serverOnly(
  'a receiver that answers before its claim is committed uses up one try with each answer',
  async () => {
    const slow = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1,1' })
    await onServer(
      slow.database.env.DATABASE_URL ?? '',
      `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON deliveries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (new.lease_owner IS NOT NULL) EXECUTE FUNCTION dawdle()`,
    )
    const { id } = await slow.createEndpoint({ target: receiver.url })
    const eventId = await publish(slow)
    await until(async () => (await deliveryOf(slow, eventId)).status === 'FAILED')
    expect((await attemptsOf(slow, id)).map(({ number }) => number)).toEqual([1, 2, 3])
    expect(receiver.received).toHaveLength(3)
    await slow.stop()
  },
)
