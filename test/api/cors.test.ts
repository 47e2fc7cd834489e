import { startTestGateway, type TestGateway } from '../support/gateway'
import { openWire, type Wire } from '../support/wire'

const ORIGIN = 'https://app.example.com'
const OTHER_LISTED = 'http://localhost:3000'
const EXPOSED = 'ETag, Location, Retry-After, WWW-Authenticate, X-Request-Id'

let gateway: TestGateway
let wire: Wire
beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_CORS_ORIGINS: `${ORIGIN}, ${OTHER_LISTED}` })
  wire = openWire(gateway.url)
})
afterAll(async () => {
  wire?.close()
  await gateway?.stop()
})

const REST = '/api/v2/webhook'

const corsHeaders = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

const varies = (headers: Record<string, unknown>) => String(headers.vary).split(/, */)

describe('a preflight of a listed origin', () => {
  const PATHS = [
    '/graphql',
    `${REST}/endpoint/`,
    `${REST}/endpoint/1/`,
    `${REST}/endpoint/1`,
    `${REST}/event/`,
    `${REST}/endpoint/1/secret/reveal/`,
  ]

  it.each(PATHS)('needs no token: %s', async (path) => {
    for (const origin of [ORIGIN, OTHER_LISTED]) {
      const { status, headers, text } = await wire.send({
        method: 'OPTIONS',
        path,
        headers: {
          origin,
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'authorization,content-type,if-match,idempotency-key',
        },
      })
      expect([status, text]).toEqual([204, ''])
      expect(headers['access-control-allow-origin']).toBe(origin)
      expect(String(headers['access-control-allow-methods']).split(', ')).toEqual(
        expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      )
      expect(headers['access-control-allow-headers']).toMatch(
        /authorization.*content-type.*if-match.*idempotency-key/i,
      )
      expect(headers['access-control-allow-credentials']).toBeUndefined()
      expect(Number(headers['access-control-max-age'])).toBeGreaterThan(0)
      expect(varies(headers)).toContain('Origin')
    }
  })
})

type Call = [
  name: string,
  status: number,
  method: string,
  path: string,
  headers?: Record<string, string>,
  body?: string,
]

const JSON_TYPE = { 'content-type': 'application/json' }

/** Answers of every kind, errors too. */
const CALLS: Call[] = [
  ['a page', 200, 'GET', `${REST}/endpoint/`],
  ['a query', 200, 'POST', '/graphql', JSON_TYPE, '{"query": "{ webhookEventTypes { type } }"}'],
  ['a query by GET', 200, 'GET', '/graphql?query=%7B__typename%7D'],
  [
    'a new endpoint',
    201,
    'POST',
    `${REST}/endpoint/`,
    JSON_TYPE,
    '{"target": "http://127.0.0.1:9999/", "events": [{"type": "post.created"}]}',
  ],
  ['faults', 400, 'POST', `${REST}/endpoint/`, JSON_TYPE, '{}'],
  ['no JSON', 400, 'POST', '/graphql', JSON_TYPE, '{'],
  ['no token', 401, 'GET', `${REST}/endpoint/`, { authorization: '' }],
  ['a bad token', 401, 'PATCH', `${REST}/endpoint/1/`, { authorization: 'Bearer x', ...JSON_TYPE }, '{}'],
  ['nothing there', 404, 'GET', `${REST}/endpoint/99999/`],
  ['no such address', 404, 'GET', `${REST}/nowhere/`],
  ['no such method', 405, 'POST', `${REST}/endpoint/1/`],
  ['no such method of GraphQL', 405, 'PUT', '/graphql'],
  ['an OPTIONS that is no preflight', 405, 'OPTIONS', `${REST}/endpoint/`],
  ['no acceptable type', 406, 'GET', `${REST}/endpoint/`, { accept: 'text/html' }],
  [
    'no acceptable type of GraphQL',
    406,
    'POST',
    '/graphql',
    { accept: 'text/html', ...JSON_TYPE },
    '{"query": "{ __typename }"}',
  ],
  ['a stale version', 412, 'PATCH', `${REST}/endpoint/1/`, { 'if-match': '"99"', ...JSON_TYPE }, '{}'],
  ['too much', 413, 'PATCH', `${REST}/endpoint/1/`, JSON_TYPE, ' '.repeat(256 * 1024 + 1)],
  ['too much for GraphQL', 413, 'POST', '/graphql', JSON_TYPE, ' '.repeat(272 * 1024 + 1)],
  ['a body of another type', 415, 'PATCH', `${REST}/endpoint/1/`, { 'content-type': 'text/plain' }, 'x'],
]

const send = ([_name, _status, method, path, headers, body]: Call, origin?: string) =>
  wire.send({
    method,
    path,
    headers: { authorization: `Bearer ${gateway.adminToken}`, ...headers, ...(origin && { origin }) },
    body,
  })

describe('an answer', () => {
  beforeAll(() => gateway.createEndpoint())

  it.each(CALLS)(
    'is readable for a listed origin, with the headers that clients need: %s, %i',
    async (...call) => {
      const { status, headers } = await send(call, ORIGIN)
      expect([
        status,
        headers['access-control-allow-origin'],
        headers['access-control-expose-headers'],
      ]).toEqual([call[1], ORIGIN, EXPOSED])
      expect(headers['access-control-allow-credentials']).toBeUndefined()
      expect(varies(headers)).toContain('Origin')
    },
  )

  it.each(CALLS)('is as without CORS for others: %s, %i', async (...call) => {
    for (const origin of [
      'https://evil.example',
      `${ORIGIN}.evil.example`,
      'null',
      'https://APP.example.com',
      undefined,
    ]) {
      const { status, headers } = await send(call, origin)
      expect([status, corsHeaders(headers)]).toEqual([call[1], []])
      expect(varies(headers)).toContain('Origin')
    }
  })
})

describe('OPTIONS', () => {
  const preflight = { 'access-control-request-method': 'PATCH' }
  it.each<[string, Record<string, string>]>([
    ['without an origin', {}],
    ['without an origin, though it names a method', preflight],
    ['of an origin that is not listed', { origin: 'https://evil.example', ...preflight }],
  ])('%s has its usual answer', async (_name, headers) => {
    const rest = await wire.send({ method: 'OPTIONS', path: `${REST}/endpoint/1/`, headers })
    expect([rest.status, rest.headers.allow]).toEqual([405, 'GET, HEAD, PUT, PATCH, DELETE'])
    const graphql = await wire.send({ method: 'OPTIONS', path: '/graphql', headers })
    expect([graphql.status, graphql.headers.allow]).toEqual([405, 'GET, HEAD, POST'])
    for (const answer of [rest, graphql]) expect(corsHeaders(answer.headers)).toEqual([])
  })
})

it('a gateway without listed origins has no header of CORS', async () => {
  const plain = await startTestGateway()
  const headers = { origin: ORIGIN, 'access-control-request-method': 'POST' }
  for (const path of ['/graphql', `${REST}/endpoint/`]) {
    const response = await fetch(plain.url + path, { method: 'OPTIONS', headers })
    expect(response.status).toBe(405)
    expect(corsHeaders(Object.fromEntries(response.headers))).toEqual([])
    expect(response.headers.get('vary')).toBeNull()
  }
  await plain.stop()
})
