import { graphqlCodes, graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { RESEND, SEND_TEST } from '../support/event-documents'
import { attemptsOf, deliveriesOf, deliveryOf, promisedWait, publish, stretched } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { createTestEndpoint } from '../support/test-endpoint'
import { until } from '../support/until'

let gateway: TestGateway
let receiver: TestReceiver
let endpointId: number

beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '1,2' })
})
beforeEach(async () => {
  receiver = await startReceiver()
  endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
})
afterEach(async () => {
  await gateway.rest('DELETE', `endpoint/${endpointId}/`)
  await receiver.close()
})
afterAll(() => gateway?.stop())

const resend = (event: unknown, id = endpointId) =>
  gateway.rest('POST', `endpoint/${id}/event/resend/`, { json: { event } })
const resendBulk = (event: unknown) =>
  gateway.rest('POST', `endpoint/${endpointId}/event/resend/bulk/`, { json: { event } })
const resendByGraphql = (eventIds: unknown) => gateway.gql(RESEND, { id: String(endpointId), eventIds })

const switchOff = () => gateway.rest('PATCH', `endpoint/${endpointId}/`, { json: { is_active: false } })

/** Publishes an event and waits until its delivery is recorded. */
async function delivered(): Promise<number> {
  const eventId = await publish(gateway)
  await until(async () => (await deliveryOf(gateway, eventId)).status === 'DELIVERED')
  return eventId
}

describe('resending', () => {
  it('sends an event once more, under the same webhook-id', async () => {
    const eventId = await delivered()
    const { status, body } = await resend(eventId)
    expect([status, body]).toEqual([204, undefined])
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 2)
    expect((await attemptsOf(gateway, endpointId)).map(({ number }) => number)).toEqual([1, 2])
    expect(receiver.received.map(({ id }) => id)).toEqual([`evt_${eventId}`, `evt_${eventId}`])
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'DELIVERED', attemptCount: 2 })
  })

  it('sends many once more, each once, and returns the deliveries in their order by GraphQL', async () => {
    const ids = [await delivered(), await delivered(), await delivered()]
    expect((await resendBulk(ids)).status).toBe(204)
    await until(() => receiver.received.length === 6)
    expect(receiver.eventIds().slice(3).sort()).toEqual([...ids].sort())
    const given = [...ids].reverse()
    const answer = await resendByGraphql([...given, ...ids].map(String))
    expect(answer.data.resendWebhookEvents.deliveries).toMatchObject(
      given.map((id) => ({ id: `${id}-${endpointId}`, status: 'PENDING', attemptCount: 2 })),
    )
    await until(() => receiver.received.length === 9)
    expect(receiver.eventIds().slice(6).sort()).toEqual([...ids].sort())
  })

  it.concurrent('starts the schedule again from its beginning', async () => {
    const endpoint = await createTestEndpoint(gateway, () => 500)
    const eventId = await endpoint.publish()
    await endpoint.untilStatus(eventId, 'FAILED')
    expect((await resend(eventId, endpoint.id)).status).toBe(204)
    await endpoint.untilRecorded(6)
    await endpoint.untilStatus(eventId, 'FAILED')
    const attempts = await endpoint.attempts()
    expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
    expect(attempts.map(promisedWait)).toEqual(
      [1000, 2000, null, 1000, 2000, null].map((ms) => ms && stretched(ms)),
    )
  })

  it('sends a delivery that waits for a retry at once', async () => {
    receiver.answer = (_request, nth) =>
      nth === 1 ? { status: 503, headers: { 'retry-after': '3600' } } : 204
    const eventId = await publish(gateway)
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 1)
    expect((await resend(eventId)).status).toBe(204)
    await until(async () => (await deliveryOf(gateway, eventId)).status === 'DELIVERED')
  })

  it.concurrent.each([
    ['succeeds', 204],
    ['fails', 500],
  ])('an event while it is sent sends it once more, after a send that %s', async (_how, status) => {
    const { receiver, ...endpoint } = await createTestEndpoint(gateway, (_request, nth) =>
      nth === 1 ? { status, afterMs: 1_500 } : 204,
    )
    const eventId = await endpoint.publish()
    await until(() => receiver.open() === 1)
    expect((await resend(eventId, endpoint.id)).status).toBe(204)
    expect(receiver.open()).toBe(1)
    await until(() => receiver.received.length === 2)
    await endpoint.untilStatus(eventId, 'DELIVERED')
    const attempts = await endpoint.attempts()
    expect(attempts.map(({ responseStatus }) => responseStatus)).toEqual([status, 204])
  })

  it.concurrent('an event while it is answered 410 Gone keeps it pending, with both sends on record', async () => {
    const { receiver, ...endpoint } = await createTestEndpoint(gateway, (_request, nth) =>
      nth === 1 ? { status: 410, afterMs: 1_500 } : 204,
    )
    const eventId = await endpoint.publish()
    await until(() => receiver.open() === 1)
    expect((await resend(eventId, endpoint.id)).status).toBe(204)
    await endpoint.untilRecorded(1)
    const delivery = await deliveryOf(gateway, eventId)
    expect([delivery.status, delivery.endpoint.isActive]).toEqual(['PENDING', false])
    await endpoint.patch({ is_active: true })
    await endpoint.untilStatus(eventId, 'DELIVERED')
    expect((await endpoint.attempts()).map(({ responseStatus }) => responseStatus)).toEqual([410, 204])
  })

  it('gives an event to an endpoint that did not listen when it was published', async () => {
    await switchOff()
    const eventId = await publish(gateway)
    expect(await deliveriesOf(gateway, eventId)).toEqual([])
    await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json: { is_active: true } })
    expect((await resend(eventId)).status).toBe(204)
    await until(async () => (await deliveryOf(gateway, eventId)).status === 'DELIVERED')
    expect(receiver.eventIds()).toEqual([eventId])
  })

  it('names every unknown event and then queues nothing', async () => {
    const eventId = await delivered()
    const answer = await resendBulk([eventId, 999_999, 888_888])
    expect(restResult(answer)).toEqual(resultOf(400, ['event.1 unknown_id', 'event.2 unknown_id']))
    expect(JSON.stringify(answer.body)).toMatch(/999999.*888888/)
    expect(restResult(await resend(999_999))).toEqual(resultOf(400, ['event unknown_id']))
    expect(graphqlProblems(await resendByGraphql([String(eventId), 'x']))).toEqual(['eventIds: 1 UNKNOWN_ID'])
    // An event that was published later has arrived: nothing was queued before it.
    const last = await delivered()
    expect(receiver.eventIds()).toEqual([eventId, last])
  })

  it('to an endpoint that is off waits until the endpoint is on', async () => {
    const eventId = await delivered()
    await switchOff()
    expect((await resend(eventId)).status).toBe(204)
    expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'PENDING', nextRetryAt: null })
    await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json: { is_active: true } })
    await until(async () => (await deliveryOf(gateway, eventId)).status === 'DELIVERED')
    expect(receiver.eventIds()).toEqual([eventId, eventId])
  })

  it('does not know the events of test sends', async () => {
    const { data } = await gateway.gql(SEND_TEST, { id: String(endpointId) })
    const eventId = data.sendTestWebhookEvent.event.id
    expect(graphqlProblems(await resendByGraphql([eventId]))).toEqual(['eventIds: 0 UNKNOWN_ID'])
  })

  it('takes 1 to 1,000 events', async () => {
    expect(restResult(await resendBulk([]))).toEqual(resultOf(400, ['event empty']))
    const many = Array.from({ length: 1_001 }, (_, index) => index + 1)
    expect(restResult(await resendBulk(many))).toEqual(resultOf(400, ['event too_long']))
    const ids: number[] = []
    for (let nth = 0; nth < 5; nth += 1) ids.push(await delivered())
    // The same five events, repeated, are a thousand.
    expect((await resendBulk(Array.from({ length: 200 }, () => ids).flat())).status).toBe(204)
    await until(() => receiver.received.length === 10)
  })

  it.each([
    ['nothing', {}, ['event required'], ['event required']],
    ['null', { event: null }, ['event null_not_allowed'], ['event null_not_allowed']],
    ['a half', { event: 1.5 }, ['event wrong_type'], ['event wrong_type']],
    ['a list of halves', { event: [1.5] }, ['event wrong_type'], ['event.0 wrong_type']],
    ['an object', { event: {} }, ['event wrong_type'], ['event wrong_type']],
    [
      'a field too many',
      { event: 1, all: true },
      ['all unknown_field'],
      ['all unknown_field', 'event wrong_type'],
    ],
  ])('refuses a body with %s', async (_what, json, faults, faultsInBulk) => {
    const path = `endpoint/${endpointId}/event/resend/`
    expect(restResult(await gateway.rest('POST', path, { json }))).toEqual(resultOf(400, faults))
    expect(restResult(await gateway.rest('POST', `${path}bulk/`, { json }))).toEqual(
      resultOf(400, faultsInBulk),
    )
  })

  it('is not found for an unknown endpoint', async () => {
    const eventId = await delivered()
    for (const id of ['999999', 'abc', '0']) {
      const answer = await gateway.rest('POST', `endpoint/${id}/event/resend/`, { json: { event: eventId } })
      expect(answer.status).toBe(404)
    }
  })
})

describe('a test event', () => {
  const sendTest = (type?: string) => gateway.gql(SEND_TEST, { id: String(endpointId), type })

  it('is one signed attempt with a sample of the type, on record', async () => {
    const { data } = await sendTest()
    const attempt = data.sendTestWebhookEvent
    expect(attempt).toMatchObject({ number: 1, responseStatus: 204, error: null, nextRetryAt: null })
    expect(attempt.event.type).toBe('post.created')
    const [received, ...others] = receiver.received
    expect(others).toEqual([])
    expect(received?.body).toBe(attempt.requestBody)
    expect(received?.headers['selfcommunity-signature']).toBe(attempt.requestSignatureHeader)
    expect(Object.keys(JSON.parse(received?.body ?? '').data).length).toBeGreaterThan(1)
    expect(await attemptsOf(gateway, endpointId)).toEqual([attempt])
    expect(await deliveriesOf(gateway, attempt.event.id)).toMatchObject([
      { status: 'DELIVERED', attemptCount: 1 },
    ])
  })

  it('may be of any type of the catalogue, and goes to no other endpoint', async () => {
    const other = await startReceiver()
    const events = [{ type: 'user.created' }]
    const { id } = await gateway.createEndpoint({ target: other.url, events })
    const { data } = await sendTest('user.created')
    expect(data.sendTestWebhookEvent.event.type).toBe('user.created')
    expect(await deliveriesOf(gateway, data.sendTestWebhookEvent.event.id)).toHaveLength(1)
    const last = await publish(gateway, {}, 'user.created')
    await until(() => other.received.length > 0)
    expect(other.eventIds()).toEqual([last])
    await gateway.rest('DELETE', `endpoint/${id}/`)
    await other.close()
  })

  it('that fails is never retried', async () => {
    receiver.answer = () => ({ status: 503, body: 'not now', headers: { 'retry-after': '1' } })
    const { data } = await sendTest()
    const attempt = data.sendTestWebhookEvent
    expect(attempt).toMatchObject({
      error: 'HTTP_STATUS',
      responseStatus: 503,
      responseBody: 'not now',
      nextRetryAt: null,
    })
    expect(await deliveryOf(gateway, attempt.event.id)).toMatchObject({ status: 'FAILED', nextRetryAt: null })
    // A later event that fails is retried, and the test event is not.
    const eventId = await publish(gateway)
    await until(() => receiver.received.length === 3)
    expect(receiver.eventIds()).toEqual([Number(attempt.event.id), eventId, eventId])
  })

  it('tries an endpoint that is switched off as well', async () => {
    await switchOff()
    expect((await sendTest()).data.sendTestWebhookEvent).toMatchObject({ error: null, responseStatus: 204 })
    expect((await gateway.rest('GET', `endpoint/${endpointId}/`)).body.is_active).toBe(false)
  })

  it('is refused for an unknown type or endpoint', async () => {
    expect(graphqlProblems(await sendTest('post.imagined'))).toEqual(['type:  UNKNOWN_EVENT_TYPE'])
    expect(graphqlCodes(await gateway.gql(SEND_TEST, { id: '999999' }))).toEqual(['NOT_FOUND'])
    expect(receiver.received).toEqual([])
  })
})

describe('a target whose address is not allowed any more', () => {
  it('gets BLOCKED_ADDRESS attempts, which name the address and the setting', async () => {
    const first = await startTestGateway()
    const { id } = await first.createEndpoint({ target: `http://localhost:${receiver.port}/hook` })
    await first.end()
    const guarded = await startTestGateway({ HOOKGATE_ALLOWED_NETWORKS: '' }, first.database)
    const refused = await guarded.rest('PATCH', `endpoint/${id}/`, { json: { target: 'http://localhost/' } })
    expect(restResult(refused)).toEqual(resultOf(400, ['target address_not_allowed']))

    await publish(guarded)
    await until(async () => (await attemptsOf(guarded, id)).length === 1)
    const test = await guarded.gql(SEND_TEST, { id: String(id) })
    const attempts = await attemptsOf(guarded, id)
    expect(attempts).toEqual([expect.anything(), test.data.sendTestWebhookEvent])
    for (const attempt of attempts) {
      const none = { sentAt: null, responseStatus: null, responseBody: null, responseTruncated: false }
      expect(attempt).toMatchObject({ error: 'BLOCKED_ADDRESS', ...none })
    }
    expect(attempts.map(promisedWait)).toEqual([stretched(5000), null])
    const rest = await guarded.rest('GET', `endpoint/${id}/attempt/`)
    const details = [...attempts.map((each) => each.errorDetail), rest.body.results[0].error_detail]
    for (const detail of details)
      expect(detail).toMatch(
        /^The name localhost leads to .* and HOOKGATE_ALLOWED_NETWORKS does not allow it\.$/,
      )
    expect(receiver.received).toEqual([])
    await guarded.stop()
  })
})
