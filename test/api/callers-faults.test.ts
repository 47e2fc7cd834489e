import { DELETE, UPDATE } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { until } from '../support/until'
import { openWire, type Wire, type WireRequest } from '../support/wire'

let gateway: TestGateway
let wire: Wire
beforeAll(async () => {
  gateway = await startTestGateway()
  wire = openWire(gateway.url)
})
afterAll(async () => {
  wire.close()
  await gateway.stop()
})

const JSON_TYPE = 'application/json'
const authorization = () => `Bearer ${gateway.adminToken}`

type Graphql = [name: string, query: string, variables?: Record<string, unknown>]

const many = Array.from({ length: 60 }, (_value, index) => index)

/** Requests that GraphQL refuses at different moments: parsing, validation, coercion, execution. */
const GRAPHQL: Graphql[] = [
  ['a subscription', 'subscription { x }'],
  ['a subscription with a name and a fragment', 'subscription S { ...F } fragment F on Query { __typename }'],
  ['51 bad events', UPDATE, { id: 1, patch: { events: many.map(() => ({ type: 1 })) } }],
  ['60 unknown fields', UPDATE, { id: 1, patch: Object.fromEntries(many.map((n) => [`field${n}`, n])) }],
  [
    'null for a required argument',
    'mutation ($id: ID = "1") { deleteWebhookEndpoint(id: $id) { id } }',
    { id: null },
  ],
  [
    'null in a literal',
    `mutation ($t: String = "user.created") {
      updateWebhookEndpoint(id: 1, patch: { events: [{ type: $t }] }) { id }
    }`,
    { t: null },
  ],
  [
    'null for a directive',
    'query ($s: Boolean = true) { webhookEventTypes { type @skip(if: $s) } }',
    { s: null },
  ],
  [
    'null for a directive of the operation',
    'query ($s: Boolean = true) { __typename @skip(if: $s) }',
    { s: null },
  ],
  ['a variable of no type', 'query ($v: None) { webhookEndpoint(id: $v) { id } }', { v: 1 }],
  ['a wrong variable', DELETE, { id: { a: 1 } }],
  ['no variable', DELETE, {}],
  ['an unknown field', '{ nothing }'],
  ['an unknown directive', '{ __typename @nothing }'],
  ['fragments in a circle', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
  ['an unknown fragment', '{ ...A }'],
  ['a fragment alone', 'fragment A on Query { __typename }'],
  ['two operations without a name', '{ __typename } { __typename }'],
  ['two operations with one name', 'query A { __typename } query A { __typename }'],
  ['two operations and no choice', 'query A { __typename } query B { __typename }'],
  ['a type', 'type A { a: Int }'],
  ['no document', ''],
  ['no syntax', '{'],
  ['a control character', '{ \u0000 }'],
  ['introspection that is too deep', `{ __schema { types ${'{ fields { type '.repeat(30)} } }`],
  ['a number beyond Int', '{ webhookEndpoints(limit: 99999999999) { totalCount } }'],
  ['a bad filter', '{ webhookEndpoints(filter: { targetContains: "\\u0000" }) { totalCount } }'],
]

/** Requests that are no GraphQL or no REST. */
const WIRE: [name: string, request: Omit<WireRequest, 'headers'>, headers?: Record<string, string>][] = [
  ['a batch', { method: 'POST', path: '/graphql', body: '[{"query": "{ __typename }"}]' }],
  [
    'a text as the variables',
    { method: 'POST', path: '/graphql', body: '{"query": "{ __typename }", "variables": "x"}' },
  ],
  ['no JSON', { method: 'POST', path: '/graphql', body: '{' }],
  [
    'a persisted query',
    { method: 'POST', path: '/graphql', body: '{"extensions": {"persistedQuery": {"version": 2}}}' },
  ],
  ['a subscription by GET', { method: 'GET', path: '/graphql?query=subscription%7Bx%7D' }],
  [
    'a mutation by GET',
    { method: 'GET', path: '/graphql?query=mutation%7BdeleteWebhookEndpoint(id:1)%7Bid%7D%7D' },
  ],
  ['two queries by GET', { method: 'GET', path: '/graphql?query=%7Ba%7D&query=%7Bb%7D' }],
  [
    'variables by GET that are no JSON',
    { method: 'GET', path: '/graphql?query=%7B__typename%7D&variables=x' },
  ],
  ['a bad escape', { method: 'GET', path: '/graphql?query=%zz' }],
  ['a Host that is none', { method: 'GET', path: '/graphql?query=%7Ba%7D' }, { host: 'no host' }],
  ['an unknown media type', { method: 'POST', path: '/graphql', body: '{}' }, { accept: 'text/html' }],
  ['a bad path', { method: 'GET', path: '/api/v2/webhook/endpoint/%zz/' }],
  ['an id that is none', { method: 'GET', path: '/api/v2/webhook/endpoint/%00/' }],
  [
    'a Host that is none, for a page',
    { method: 'GET', path: '/api/v2/webhook/endpoint/?limit=1' },
    { host: 'no host' },
  ],
  ['a whole URL', { method: 'GET', path: 'http://other.example/api/v2/webhook/endpoint/?limit=1' }],
  ['a file of GraphiQL that is none', { method: 'GET', path: '/graphiql/%2e%2e/x' }],
  ['a range', { method: 'GET', path: '/graphiql/' }, { range: 'bytes=9999999-' }],
  [
    'a body that is deep',
    {
      method: 'PATCH',
      path: '/api/v2/webhook/endpoint/1/',
      body: `{"target": ${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
    },
  ],
  [
    'data that is deep',
    {
      method: 'POST',
      path: '/api/v2/webhook/event/',
      body: `{"type": "post.created", "data": ${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
    },
  ],
  [
    'a key that is none',
    { method: 'POST', path: '/api/v2/webhook/event/', body: '{"type": "post.created", "data": 1}' },
    { 'idempotency-key': '\xff'.repeat(300) },
  ],
  ['an unknown parameter', { method: 'DELETE', path: '/api/v2/webhook/endpoint/1/?x' }],
  [
    'a broken content type',
    { method: 'PATCH', path: '/api/v2/webhook/endpoint/1/', body: '{}' },
    { 'content-type': '///' },
  ],
  ['an expectation', { method: 'GET', path: '/api/v2/webhook/endpoint/' }, { expect: 'the impossible' }],
]

describe('a fault of the caller is no error of the gateway', () => {
  it.each(GRAPHQL)('by GraphQL: %s', async (_name, query, variables = {}) => {
    for (const token of [gateway.adminToken, tokenFor({ role: 'publisher', sub: 'test' })]) {
      const { status, errors = [] } = await gateway.gql(query, variables, token)
      expect(errors.length).toBeGreaterThan(0)
      expect(status).toBeLessThan(500)
      for (const { extensions, message } of errors) {
        expect(extensions?.code).not.toBe('INTERNAL_SERVER_ERROR')
        expect(message).not.toMatch(/internal/i)
      }
    }
  })

  it.each(WIRE)('by HTTP: %s', async (_name, request, headers = {}) => {
    const { status, text } = await wire.send({
      ...request,
      headers: { authorization: authorization(), 'content-type': JSON_TYPE, ...headers },
    })
    expect(status).toBeLessThan(500)
    expect(text).not.toMatch(/internal/i)
  })

  it('and is in the log as a request only', async () => {
    const last = await gateway.rest('GET', 'endpoint/')
    // The log arrives through another pipe, some time after the answer.
    await until(() => gateway.output().includes(String(last.headers.get('x-request-id'))))
    const lines = gateway
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    expect(lines.filter((line) => JSON.parse(line).level >= 40)).toEqual([])
    expect(gateway.output()).not.toContain('internal error')
  })
})
