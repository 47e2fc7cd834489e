import { graphqlCodes, graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { ATTEMPTS, EVENT, PUBLISH } from '../support/event-documents'
import { deliveriesOf, deliveryOf, publish } from '../support/events'
import { type GraphqlAnswer, startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
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
    const { data } = await gateway.gql(PUBLISH, { input: { ...json, idempotencyKey: 'once' } })
    expect(data.publishWebhookEvent).toMatchObject({ id: String(first.body.event_id), repeated: true })
    await settled()
    expect(receiver.eventIds().filter((id) => id === first.body.event_id)).toHaveLength(1)
  })

  it('with other content is a conflict: 409 in REST, CONFLICT in GraphQL, and nothing is sent', async () => {
    await post(json, 'taken')
    const before = await settled()
    expect(restResult(await post({ ...json, data: { id: 2 } }, 'taken'))).toEqual(resultOf(409, ['conflict']))
    expect(restResult(await post({ ...json, type: 'post.deleted' }, 'taken'))).toEqual(
      resultOf(409, ['conflict']),
    )
    const input = { ...json, data: 2, idempotencyKey: 'taken' }
    expect(graphqlCodes(await gateway.gql(PUBLISH, { input }))).toEqual(['CONFLICT'])
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
    ['', 'deliveries { id }'],
    ['by another name', 'type mine: deliveries { endpoint { target } }'],
    ['in an inline fragment', '... on WebhookEvent { ... { deliveries { id } } }'],
    ['in a fragment', '...F'],
  ])('that selects deliveries %s publishes nothing', async (_how, selection) => {
    const before = await settled()
    const query = `mutation($input: PublishWebhookEventInput!) {
      publishWebhookEvent(input: $input) { id ${selection} }
    }
    ${selection === '...F' ? 'fragment F on WebhookEvent { deliveries { status } }' : ''}`
    const answer = await gateway.gql(query, { input: { type: 'post.created', data: 'secret' } }, publisher)
    expect([graphqlCodes(answer), answer.data]).toEqual([['FORBIDDEN'], null])
    const after = await settled()
    expect(receiver.eventIds().filter((id) => id >= before)).toEqual([before, after])
  })
})

describe('the data', () => {
  const LIMIT = 256 * 1024
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
    ['U+0000, control characters and half a character', { 'a\u0000b': 'c\u0000d\u0001\u001f\ud800"\\' }],
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
      'mutation { publishWebhookEvent(input: { type: "post.created", data: { a: [1, 2.5, "x", null, true] } }) { id } }',
    )
    expect(await arrives(Number(data.publishWebhookEvent.id))).toEqual({ a: [1, 2.5, 'x', null, true] })
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

  it.each([
    ['a number beyond all doubles', '1e400'],
    ['such a number somewhere within', '{"a": [{"b": -1e999}]}'],
    ['501 lists within each other', nested(501)],
    ['100,000 lists within each other', nested(100_000)],
  ])('is refused where it could not be written or read again: %s', async (_what, data) => {
    const headers = { 'content-type': 'application/json' }
    const rest = await gateway.rest('POST', 'event/', {
      headers,
      body: `{"type": "post.created", "data": ${data}}`,
    })
    expect(restResult(rest)).toEqual(resultOf(400, ['data out_of_range']))
    const variables = `{"input": {"type": "post.created", "data": ${data}}}`
    const graphql = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${publisher}` },
      body: `{"query": ${JSON.stringify(PUBLISH)}, "variables": ${variables}}`,
    })
    expect(graphqlProblems((await graphql.json()) as GraphqlAnswer)).toEqual(['input: data OUT_OF_RANGE'])
  })

  it('may have 500 nested lists', async () => {
    const data = JSON.parse(nested(500))
    const eventId = await publish(gateway, data)
    expect(JSON.stringify(await arrives(eventId))).toBe(nested(500))
    const event = await gateway.gql(EVENT, { id: String(eventId) })
    expect(JSON.stringify(event.data.webhookEvent.data)).toBe(nested(500))
  })

  it('arrives complete when the request has exactly 256 KiB', async () => {
    const json = { type: 'post.created', data: '' }
    json.data = 'é'.repeat(100) + 'x'.repeat(LIMIT - 200 - JSON.stringify(json).length)
    expect(Buffer.byteLength(JSON.stringify(json))).toBe(LIMIT)
    const { status, body } = await post(json)
    expect(status).toBe(201)
    expect(await arrives(body.event_id)).toBe(json.data)
  })

  it('is rejected with 413 when the request has more', async () => {
    const json = { type: 'post.created', data: '' }
    json.data = 'x'.repeat(LIMIT + 1 - JSON.stringify(json).length)
    expect(restResult(await post(json))).toEqual(resultOf(413, ['too_large']))
    expect((await gateway.gql(PUBLISH, { input: json })).status).toBe(413)
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
