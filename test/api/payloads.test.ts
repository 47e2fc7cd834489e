import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { DATA_MAX_BYTES } from '../../src/data-limits'
import { graphqlCodes, graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { attemptsOf } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { graphql, postEvent, postGraphql } from '../support/raw-publish'
import { type Received, startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

let gateway: TestGateway
let receiver: TestReceiver
let endpointId: number
let secret: string

beforeAll(async () => {
  gateway = await startTestGateway()
  receiver = await startReceiver()
  endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
  secret = (await gateway.rest('POST', `endpoint/${endpointId}/secret/reveal/`, { json: {} })).body
    .signing_secret
})
afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
})

const PUBLISH_INPUT =
  'mutation($input: PublishWebhookEventInput!) { publishWebhookEvent(input: $input) { event { id body data } } }'
const PUBLISH_DATA =
  'mutation($data: JSON!) { publishWebhookEvent(input: {type: "post.created", data: $data}) { event { id body data } } }'
const literal = (data: string, variables = '') =>
  `mutation${variables} { publishWebhookEvent(input: {data: ${data}, type: "post.created"}) { event { id body data } } }`

/** Each way to publish a JSON text; returns the event's id. */
const WAYS: Record<string, (data: string) => Promise<string>> = {
  REST: async (data) => {
    const { status, body } = await postEvent(gateway, `{"type": "post.created", "data": ${data}}`)
    expect(status).toBe(201)
    return String(body.event_id)
  },
  'a GraphQL variable of the whole input': (data) =>
    publish({ query: PUBLISH_INPUT, variables: `{"input": {"data": ${data}, "type": "post.created"}}` }),
  'a GraphQL variable of its own': (data) =>
    publish({ query: PUBLISH_DATA, variables: `{ "data" : ${data} }` }),
}

/** Publishes by GraphQL and returns the event's id. */
async function publish(request: Parameters<typeof graphql>[1]): Promise<string> {
  const answer = await graphql(gateway, request)
  expect(answer.errors).toBeUndefined()
  return answer.data.publishWebhookEvent.event.id
}

async function arrival(eventId: string): Promise<Received> {
  await until(() => receiver.eventIds().includes(Number(eventId)))
  return receiver.received.find((received) => received.eventId === Number(eventId)) as Received
}

/** The `data` as the receiver got it, after checking the rest of the body. */
async function dataAtReceiver(eventId: string): Promise<string> {
  const { body } = await arrival(eventId)
  const [start] = /^\{"event_id": \d+, "type": "post\.created", "created": [\d.]+, "data": /.exec(body) ?? []
  expect(start).toContain(`"event_id": ${eventId},`)
  return body.slice(start?.length, -1)
}

const TEXTS = [
  '{"id": 9007199254740993, "amount": 1.10, "2": "b", "1": "a"}',
  '[1e-400, 1E400, -1E400, -0, -0.0, 0.10e+05, 123456789012345678901234567890.10, 0E0]',
  '{"a": 1, "b": 2, "a": 3}',
  '{"__proto__": {"b": 1}, "constructor": null, "__proto__": 2, "": ""}',
  '{"data": {"data": 1.0}, "variables": {"data": 2.0}, "type": "x", "input": "}"}',
  '["\\u0041\\u00e9\\/\\b\\f\\n\\r\\t\\"\\\\", "A é 😀 \u2028 \u007f", "\\ud83d\\ude00", "\\u0000", "\\\\ud800"]',
  '"\ufeffa byte order mark first"',
  '"\\ufeff"',
  '{\r\n\t"white space" : [ 1.0 ,\n 2 ] }',
  '1.0',
  '-0',
  '9007199254740993',
  'true',
  'false',
  '""',
  '[]',
  '{}',
  `[${'['.repeat(499)}1.0${']'.repeat(499)}]`,
]

describe.each(Object.keys(WAYS))('The data of an event, published by %s', (way) => {
  it.each(TEXTS)('reaches the receiver, the log and readers as it was written: %s', async (text) => {
    const id = (await WAYS[way]?.(text)) ?? ''
    expect(await dataAtReceiver(id)).toBe(text)
    const { body } = await arrival(id)

    const query = `{ webhookEvent(id: "${id}") { body data } }`
    const read = await graphql(gateway, { query })
    expect(read.data.webhookEvent.body).toBe(body)
    // Clients parse it as they like: all digits and keys are in the answer.
    expect(read.text).toContain(`"data":${text}}`)

    await until(async () => (await attemptsOf(gateway, endpointId, { eventId: id })).length === 1)
    expect((await attemptsOf(gateway, endpointId, { eventId: id }))[0]?.requestBody).toBe(body)
    const { results } = (await gateway.rest('GET', `endpoint/${endpointId}/attempt/?limit=100`)).body
    const attempt = results.find(({ event }: { event: { id: number } }) => event.id === Number(id))
    expect(attempt.http_request_body).toBe(body)
  })
})

it('The signatures are made over the very bytes that arrive', async () => {
  const id = (await WAYS.REST?.('{"id": 9007199254740993, "é": 1.10}')) ?? ''
  const { body, headers } = await arrival(id)
  new Webhook(secret).verify(body, headers)
  const [, timestamp, signature] = /^t=(\d+),v1=(\w+)$/.exec(headers['selfcommunity-signature'] ?? '') ?? []
  expect(signature).toBe(createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex'))
})

describe('The data of a request that writes keys more than once, or by escapes, is the one that JSON parsers take', () => {
  it('by REST', async () => {
    const { body } = await postEvent(
      gateway,
      '{"data": 1.0, "typ\\u0065": "post.created", "d\\u0061ta": 2.0}',
    )
    expect(await dataAtReceiver(body.event_id)).toBe('2.0')
  })

  it('by GraphQL', async () => {
    const query = JSON.stringify(PUBLISH_INPUT)
    const input = (data: string) => `{"input": {"type": "post.created", "data": 0, "data": ${data}}}`
    const body = `{"variables": ${input('1.0')}, "query": ${query}, "v\\u0061riables": ${input('2.0')}, "extensions": null}`
    const { data } = await postGraphql(gateway, body)
    expect(await dataAtReceiver(data.publishWebhookEvent.event.id)).toBe('2.0')
  })
})

describe('The data of a GraphQL literal', () => {
  it('keeps digits, keys in their order, and texts', async () => {
    const id = await publish({
      query: literal(
        '{id: 9007199254740993, amount: 1.10, z: [1e-400, 1E400, -0, 0.10e+05], a: {b: null, c: true}, t: "é\\u00e9\\n\\u{1F600}\\u0000", block: """ "x" \\n """, __proto__: 1}',
      ),
    })
    expect(await dataAtReceiver(id)).toBe(
      '{"id":9007199254740993,"amount":1.10,"z":[1e-400,1E400,-0,0.10e+05],"a":{"b":null,"c":true},"t":"éé\\n😀\\u0000","block":" \\"x\\" \\\\n ","__proto__":1}',
    )
  })

  it.each([
    ['1.10', '1.10'],
    ['"x"', '"x"'],
    ['[]', '[]'],
    ['true', 'true'],
  ])('may be %s', async (text, expected) => {
    expect(await dataAtReceiver(await publish({ query: literal(text) }))).toBe(expected)
  })

  it('may have variables, which go in as the request wrote them', async () => {
    const variables =
      '($json: JSON, $float: JSON!, $int: Int, $list: [String!], $none: String, $preset: JSON = {b: 1.10, a: 2}, $null: Int)'
    const query = literal(
      '{json: $json, float: $float, int: $int, list: [$list, $none], none: $none, preset: $preset, null: $null}',
      variables,
    )
    const id = await publish({
      query,
      variables:
        '{"json": {"2": 1.10, "1": 9007199254740993}, "float": 9007199254740993.10, "int": -0, "list": ["\\u0041"], "null": null}',
    })
    expect(await dataAtReceiver(id)).toBe(
      '{"json":{"2": 1.10, "1": 9007199254740993},"float":9007199254740993.10,"int":-0,"list":[["\\u0041"],null],"preset":{"b":1.10,"a":2},"null":null}',
    )
  })

  it('may be the default of a variable', async () => {
    const ofData = PUBLISH_DATA.replace('JSON!', 'JSON! = {n: 1.10, b: 1, a: 9007199254740993}')
    expect(await dataAtReceiver(await publish({ query: ofData }))).toBe(
      '{"n":1.10,"b":1,"a":9007199254740993}',
    )
    const given = await publish({ query: ofData, variables: '{"data": 1.0}' })
    expect(await dataAtReceiver(given)).toBe('1.0')
    const ofInput = PUBLISH_INPUT.replace(
      'PublishWebhookEventInput!',
      'PublishWebhookEventInput! = {type: "post.created", data: [1.10]}',
    )
    expect(await dataAtReceiver(await publish({ query: ofInput, variables: '{}' }))).toBe('[1.10]')
  })

  it('refuses enum values in words, and publishes nothing', async () => {
    for (const request of [
      { query: literal('{color: RED}') },
      { query: literal('[[RED]]') },
      { query: literal('RED') },
      { query: PUBLISH_DATA.replace('JSON!', 'JSON! = {color: RED}') },
    ]) {
      const answer = await graphql(gateway, request)
      expect([answer.status, graphqlCodes(answer)]).toEqual([400, ['GRAPHQL_VALIDATION_FAILED']])
      expect(answer.errors?.[0]?.message).toBe('JSON has no enum value RED: write a string, "RED".')
    }
  })

  it('takes an enum value that is the default of a variable as a text', async () => {
    const query = literal('{order: $order}', '($order: WebhookAttemptOrder = CREATED_AT_ASC)')
    expect(await dataAtReceiver(await publish({ query }))).toBe('{"order":"CREATED_AT_ASC"}')
  })

  it('refuses a large variable that it repeats, before the data becomes a hundred times as large', async () => {
    const query = literal(`[${'$data '.repeat(400)}]`, '($data: JSON!)')
    const answer = await graphql(gateway, { query, variables: `{"data": "${'x'.repeat(250_000)}"}` })
    expect(graphqlProblems(answer)).toEqual(['input: data TOO_LONG'])
  })

  it('refuses half a character', async () => {
    for (const half of ['\ud800', '\\ud800']) {
      const answer = await graphql(gateway, { query: literal(`["${half}"]`) })
      expect([answer.status, graphqlCodes(answer)]).toEqual([400, ['GRAPHQL_PARSE_FAILED']])
    }
  })
})

it('Several events of one document keep their data apart', async () => {
  const query = `mutation($a: JSON!, $b: PublishWebhookEventInput!, $type: String!) {
    a: publishWebhookEvent(input: {type: $type, data: $a}) { event { id } }
    b: publishWebhookEvent(input: $b) { event { id data } }
    c: publishWebhookEvent(input: {type: $type, data: {a: $a}}) { event { id } }
    ...Rest
  }
  fragment Rest on Mutation { d: publishWebhookEvent(input: {type: $type, data: 4.0}) { event { id data } } }`
  const variables = '{"type": "post.created", "b": {"type": "post.created", "data": 2.0}, "a": 1.0}'
  const { data, text } = await graphql(gateway, { query, variables })
  const ids = ['a', 'b', 'c', 'd'].map((alias) => data[alias].event.id)
  expect(await Promise.all(ids.map(dataAtReceiver))).toEqual(['1.0', '2.0', '{"a":1.0}', '4.0'])
  expect(text).toContain('"data":2.0}')
  expect(text).toContain('"data":4.0}')
})

describe('Data that cannot be kept is refused, and never altered', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

  it.each([
    ['half a character', '"\\ud800"', 'invalid_character'],
    ['half a character, deep inside', '{"a": [{"b\\uDFFF": 1}]}', 'invalid_character'],
    ['halves in the wrong order', '"\\udc00\\ud800"', 'invalid_character'],
    ['501 lists within each other', nested(501), 'out_of_range'],
    ['100,000 lists within each other', nested(100_000), 'out_of_range'],
    ['more than 256 KiB', `"${'x'.repeat(DATA_MAX_BYTES - 1)}"`, 'too_long'],
    ['more than 256 KiB in UTF-8', `"${'é'.repeat(DATA_MAX_BYTES / 2)}"`, 'too_long'],
  ])('%s', async (_what, text, code) => {
    const before = receiver.received.length
    expect(restResult(await postEvent(gateway, `{"type": "post.created", "data": ${text}}`))).toEqual(
      resultOf(400, [`data ${code}`]),
    )
    for (const request of [
      { query: PUBLISH_INPUT, variables: `{"input": {"type": "post.created", "data": ${text}}}` },
      { query: PUBLISH_DATA, variables: `{"data": ${text}}` },
      { query: literal('{a: $data}', '($data: JSON!)'), variables: `{"data": ${text}}` },
    ]) {
      const answer = await graphql(gateway, request)
      expect(graphqlProblems(answer)).toEqual([`input: data ${code.toUpperCase()}`])
    }
    await dataAtReceiver((await WAYS.REST?.('"last"')) ?? '')
    expect(receiver.received.length).toBe(before + 1)
  })

  it('invalid UTF-8', async () => {
    for (const bytes of ['\xff', '\xe2\x82', '\xed\xa0\x80', '\xc0\x80']) {
      const rest = await postEvent(
        gateway,
        Buffer.from(`{"type": "post.created", "data": "${bytes}"}`, 'latin1'),
      )
      expect(restResult(rest)).toEqual(resultOf(400, ['malformed']))
      const body = `{"query": ${JSON.stringify(PUBLISH_DATA)}, "variables": {"data": "${bytes}"}}`
      expect((await postGraphql(gateway, Buffer.from(body, 'latin1'))).status).toBe(400)
    }
  })

  it('null', async () => {
    expect(restResult(await postEvent(gateway, '{"type": "post.created", "data": null}'))).toEqual(
      resultOf(400, ['data null_not_allowed']),
    )
    for (const request of [
      { query: PUBLISH_INPUT, variables: '{"input": {"type": "post.created", "data": null}}' },
      { query: PUBLISH_DATA, variables: '{"data": null}' },
      { query: PUBLISH_DATA.replace('JSON!', 'JSON = 1'), variables: '{"data": null}' },
    ]) {
      expect(graphqlCodes(await graphql(gateway, request))).toEqual(['BAD_USER_INPUT'])
    }
    expect(graphqlCodes(await graphql(gateway, { query: literal('null') }))).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ])
  })
})

describe('256 KiB of data fit', () => {
  const text = `"${'é'.repeat(1_000)}${'x'.repeat(DATA_MAX_BYTES - 2_002)}"`

  it.each(Object.keys(WAYS))('by %s', async (way) => {
    expect(Buffer.byteLength(text)).toBe(DATA_MAX_BYTES)
    expect(await dataAtReceiver((await WAYS[way]?.(text)) ?? '')).toBe(text)
  })

  it('but not a body that is much larger', async () => {
    const space = ' '.repeat(17 * 1024)
    const rest = await postEvent(gateway, `{"type": "post.created", "data": ${text}${space}}`)
    expect(restResult(rest)).toEqual(resultOf(413, ['too_large']))
    const query = PUBLISH_DATA
    expect((await graphql(gateway, { query, variables: `{"data": ${text}${space}}` })).status).toBe(413)
  })
})
