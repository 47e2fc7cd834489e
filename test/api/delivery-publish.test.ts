import { graphqlCodes, graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { ATTEMPTS, EVENT, PUBLISH } from '../support/event-documents'
import { deliveriesOf, deliveryOf, publish } from '../support/events'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

const publisher = tokenFor({ role: 'publisher', sub: 'shop' })

let gateway: TestGateway
let receiver: TestReceiver
let endpointId: number

beforeAll(async () => {
  gateway = await startTestGateway()
  receiver = await startReceiver()
  endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
})
afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
})

const post = (json: unknown, key?: string, token = publisher) =>
  gateway.rest('POST', 'event/', {
    token,
    json,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })

/** Publishes one more event and waits for it: all earlier events have been sent by then. */
async function settled(): Promise<number> {
  const last = await publish(gateway)
  await until(() => receiver.eventIds().includes(last))
  return last
}

describe('an idempotency key', () => {
  const json = { type: 'post.created', data: { id: 1 } }

  it('with the same content again answers 200 and the same event, which is sent once', async () => {
    const first = await post(json, 'once')
    const again = await post(json, 'once')
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.body).toEqual(first.body)
    const { data } = await gateway.gql(PUBLISH, { input: { ...json, idempotencyKey: 'once' } }, publisher)
    expect(data.publishWebhookEvent).toMatchObject({
      event: { id: String(first.body.event_id) },
      deduplicated: true,
    })
    await settled()
    expect(receiver.eventIds().filter((id) => id === first.body.event_id)).toHaveLength(1)
  })

  it('with other content is a conflict: 409 in REST, IDEMPOTENCY_CONFLICT in GraphQL, and nothing is sent', async () => {
    await post(json, 'taken')
    const before = await settled()
    expect(restResult(await post({ ...json, data: { id: 2 } }, 'taken'))).toEqual(
      resultOf(409, ['idempotency_conflict']),
    )
    expect(restResult(await post({ ...json, type: 'post.deleted' }, 'taken'))).toEqual(
      resultOf(409, ['idempotency_conflict']),
    )
    const input = { ...json, data: 2, idempotencyKey: 'taken' }
    expect(graphqlCodes(await gateway.gql(PUBLISH, { input }, publisher))).toEqual(['IDEMPOTENCY_CONFLICT'])
    const after = await settled()
    expect(receiver.eventIds().filter((id) => id >= before)).toEqual([before, after])
  })

  it('of 20 publishes at once fans out once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(json, 'at once')))
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    const [id, ...others] = new Set(answers.map(({ body }) => body.event_id))
    expect(others).toEqual([])
    expect(await deliveriesOf(gateway, id)).toHaveLength(1)
    await settled()
    expect(receiver.eventIds().filter((received) => received === id)).toHaveLength(1)
  })

  it('survives a restart, by kill as well', async () => {
    const { body } = await post(json, 'kept')
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await gateway.end(signal)
      gateway = await startTestGateway({}, gateway.database)
      const again = await post(json, 'kept')
      expect([again.status, again.body]).toEqual([200, body])
    }
  })

  it.each([
    ['empty', '', ['idempotency_key empty']],
    ['too long', 'x'.repeat(256), ['idempotency_key too_long']],
  ])('that is %s is refused', async (_what, key, faults) => {
    expect(restResult(await post(json, key))).toEqual(resultOf(400, faults))
  })

  it('is taken only from the header', async () => {
    expect(restResult(await post({ ...json, idempotency_key: 'x' }))).toEqual(
      resultOf(400, ['idempotency_key unknown_field']),
    )
  })
})

describe('a publisher', () => {
  it('reads no endpoint, attempt or event', async () => {
    const eventId = await publish(gateway)
    for (const path of ['endpoint/', `endpoint/${endpointId}/`, `endpoint/${endpointId}/attempt/`]) {
      expect((await gateway.rest('GET', path, { token: publisher })).status).toBe(403)
    }
    const id = String(endpointId)
    expect(graphqlCodes(await gateway.gql(ATTEMPTS, { id }, publisher))).toEqual(['FORBIDDEN'])
    expect(graphqlCodes(await gateway.gql(EVENT, { id: String(eventId) }, publisher))).toEqual(['FORBIDDEN'])
  })

  it.each([
    ['', 'deliveries { nodes { id } }'],
    ['by another name', 'type mine: deliveries { nodes { endpoint { target } } }'],
    ['in an inline fragment', '... on WebhookEvent { ... { deliveries { nodes { id } } } }'],
    ['in a fragment', '...F'],
  ])('that selects deliveries %s publishes the event, and does not see them', async (_how, selection) => {
    const query = `mutation($input: PublishWebhookEventInput!) {
      publishWebhookEvent(input: $input) { event { id ${selection} } }
    }
    ${selection === '...F' ? 'fragment F on WebhookEvent { deliveries { nodes { status } } }' : ''}`
    const answer = await gateway.gql(query, { input: { type: 'post.created', data: 'secret' } }, publisher)
    expect(graphqlCodes(answer)).toEqual(['FORBIDDEN'])
    const { id, ...selected } = answer.data.publishWebhookEvent.event
    expect(Object.values(selected)).toContain(null)
    expect(JSON.stringify(selected)).not.toMatch(/target|status/)
    await until(() => receiver.eventIds().includes(Number(id)))
  })
})

describe('the data', () => {
  const arrives = async (eventId: number) => {
    await until(() => receiver.eventIds().includes(eventId))
    return JSON.parse(receiver.received.find((received) => received.eventId === eventId)?.body ?? '').data
  }

  it.each([
    ['an object', { a: { b: [1, 'two', null, true] } }],
    ['an empty object', {}],
    ['a list', [1, [2, [3]]]],
    ['a text', 'Hello'],
    ['an empty text', ''],
    ['a number', -1.5e-7],
    ['zero', 0],
    ['true', true],
    ['false', false],
    ['every script', 'Grüße, 世界, 👩‍👩‍👧, \u202e, \u2028'],
    ['U+0000 and control characters', { 'a\u0000b': 'c\u0000d\u0001\u001f"\\' }],
    [
      'keys that JavaScript has a meaning for',
      JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "1": 3}'),
    ],
  ])('arrives as it was published: %s', async (_what, data) => {
    const rest = await post({ type: 'post.created', data })
    expect(rest.status).toBe(201)
    expect(await arrives(rest.body.event_id)).toEqual(data)
    expect(JSON.stringify(await arrives(rest.body.event_id))).toBe(JSON.stringify(data))
    const graphql = await publish(gateway, data)
    expect(JSON.stringify(await arrives(graphql))).toBe(JSON.stringify(data))
    const event = await gateway.gql(EVENT, { id: String(graphql) })
    expect(JSON.stringify(event.data.webhookEvent.data)).toBe(JSON.stringify(data))
    await until(async () => (await deliveryOf(gateway, graphql)).status === 'DELIVERED')
  })

  it('may be a literal of a GraphQL document', async () => {
    const { data } = await gateway.gql(
      'mutation { publishWebhookEvent(input: { type: "post.created", data: { a: [1, 2.5, "x", null, true] } }) { event { id } } }',
    )
    expect(await arrives(Number(data.publishWebhookEvent.event.id))).toEqual({ a: [1, 2.5, 'x', null, true] })
  })

  it('is required, and not null', async () => {
    expect(restResult(await post({ type: 'post.created' }))).toEqual(resultOf(400, ['data required']))
    expect(restResult(await post({ type: 'post.created', data: null }))).toEqual(
      resultOf(400, ['data null_not_allowed']),
    )
    const input = { type: 'post.created', data: null }
    expect(graphqlCodes(await gateway.gql(PUBLISH, { input }))).toEqual(['BAD_USER_INPUT'])
  })

  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

  it('may have 500 nested lists', async () => {
    const data = JSON.parse(nested(500))
    const eventId = await publish(gateway, data)
    expect(JSON.stringify(await arrives(eventId))).toBe(nested(500))
    const event = await gateway.gql(EVENT, { id: String(eventId) })
    expect(JSON.stringify(event.data.webhookEvent.data)).toBe(nested(500))
  })
})

describe('an event', () => {
  it('of an unknown type is rejected', async () => {
    for (const type of ['post.imagined', '', 'post.created ', 'POST.CREATED', 'post\u0000created']) {
      expect(restResult(await post({ type, data: {} }))).toEqual(resultOf(400, ['type unknown_event_type']))
      const answer = await gateway.gql(PUBLISH, { input: { type, data: {} } })
      expect(graphqlProblems(answer)).toEqual(['input: type UNKNOWN_EVENT_TYPE'])
    }
  })

  it('is rejected with all its faults at once', async () => {
    expect(restResult(await post({ type: 1, date: {} }))).toEqual(
      resultOf(400, ['data required', 'date unknown_field', 'type wrong_type']),
    )
    expect(restResult(await post({ type: 'nope', data: 1 }, ''))).toEqual(
      resultOf(400, ['idempotency_key empty', 'type unknown_event_type']),
    )
  })

  it('that does not exist is null', async () => {
    for (const id of ['999999', '0', 'x', '9'.repeat(30)]) {
      expect(await gateway.gql(EVENT, { id })).toEqual({ status: 200, data: { webhookEvent: null } })
    }
  })
})
