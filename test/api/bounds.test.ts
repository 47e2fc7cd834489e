import { createConnection, type Socket } from 'node:net'
import { DELETE, UPDATE } from '../support/endpoint-documents'
import { ATTEMPTS, SEND_TEST } from '../support/event-documents'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { startReceiver } from '../support/receiver'

const KIB = 1024
const HOUR = '1h'

let gateway: TestGateway
let production: TestGateway
beforeAll(async () => {
  const HOOKGATE_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64')
  gateway = await startTestGateway()
  production = await startTestGateway({ NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY })
})
afterAll(() => Promise.all([gateway?.stop(), production?.stop()]))

/** A connection on which the test writes bytes and reads the answer. */
function connect({ url }: TestGateway): { socket: Socket; answer: () => string; closed: Promise<void> } {
  const { hostname, port } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  // A connection that is reset is closed as well.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, answer: () => answer, closed }
}

const head = (path: string, headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', ...headers, '', ''].join(
    '\r\n',
  )

const GRAPHQL = '/graphql'
const REST = '/api/v2/webhook/event/'
const BAD = 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x'
const EXPIRED = `Authorization: Bearer ${tokenFor({ role: 'admin' }, { expiresIn: -3600 })}`
const PUBLISHER = `Authorization: Bearer ${tokenFor({ role: 'publisher' }, { expiresIn: HOUR })}`

describe('a body is not waited for, and its connection ends, when', () => {
  const cases: [what: string, on: () => TestGateway, path: string, headers: string[], status: number][] = [
    ['the token is bad, by GraphQL', () => gateway, GRAPHQL, [BAD], 401],
    ['the token has expired, by GraphQL', () => gateway, GRAPHQL, [EXPIRED], 401],
    ['the token is bad, by REST', () => gateway, REST, [BAD], 401],
    ['there is no token, by REST', () => gateway, REST, [], 401],
    ['there is no token in production, by GraphQL', () => production, GRAPHQL, [], 401],
    ['the role is missing, by REST', () => gateway, '/api/v2/webhook/endpoint/', [PUBLISHER], 403],
    ['there is nothing at the address', () => gateway, '/nothing', [], 404],
    ['there is nothing at the address of REST', () => gateway, '/api/nothing', [], 404],
  ]
  const lengths = ['Content-Length: 250000', 'Transfer-Encoding: chunked']

  // All at the same time: each connection ends some seconds after its answer.
  it(cases.map(([what]) => what).join('; '), async () => {
    await Promise.all(
      cases.flatMap(([what, on, path, headers, status]) =>
        lengths.map(async (length) => {
          const { socket, answer, closed } = connect(on())
          socket.write(head(path, [...headers, length]))
          await closed
          expect([what, answer()]).toEqual([what, expect.stringMatching(new RegExp(`^HTTP/1.1 ${status} `))])
          if (status === 401) expect(answer().toLowerCase()).toContain('www-authenticate: bearer\r\n')
          expect(answer()).toMatch(/"code":"(UNAUTHENTICATED|unauthenticated|forbidden|not_found)"/)
          expect(answer()).not.toContain('"data"')
        }),
      ),
    )
  })

  it('there is no token in development, and more than 16 KiB come', async () => {
    const announced = connect(gateway)
    announced.socket.write(head(GRAPHQL, ['Content-Length: 16385']))
    await announced.closed
    expect(announced.answer()).toMatch(/^HTTP\/1.1 401 /)

    const chunked = connect(gateway)
    chunked.socket.write(head(GRAPHQL, ['Transfer-Encoding: chunked']))
    chunked.socket.write(`4001\r\n${'x'.repeat(0x4001)}\r\n`)
    await chunked.closed
    expect(chunked.answer()).toMatch(/^HTTP\/1.1 401 .*"code":"UNAUTHENTICATED"/s)
  })
})

it('the rest of a body that does come leaves the connection open for the next request', async () => {
  const { socket, answer } = connect(gateway)
  const body = 'x'.repeat(200_000)
  const denied = head(GRAPHQL, [BAD, `Content-Length: ${body.length}`]) + body
  const answered = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => answer().split('HTTP/1.1 401').length > count && resolve()
      socket.on('data', check)
    })
  for (const count of [1, 2, 3]) {
    const next = answered(count)
    socket.write(denied)
    await next
  }
  expect(socket.destroyed).toBe(false)
  socket.destroy()
})

it('a request without a token may introspect in development, in up to 16 KiB', async () => {
  const query = `{ __schema { queryType { name } } } #${'x'.repeat(15 * KIB)}`
  expect(await gateway.gql(query, undefined, null)).toMatchObject({
    status: 200,
    data: { __schema: { queryType: { name: 'Query' } } },
  })
})

it.each([
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json'],
  ['application/json', 'application/json'],
  ['*/*', 'application/json'],
  ['text/html', 'application/json'],
  ['application/graphql-response+json;q=0, application/json', 'application/json'],
])('a bad token is a request error for Accept: %s', async (accept, type) => {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { authorization: 'Bearer x', accept, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  })
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
  expect(await response.json()).toEqual({
    errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
  })
})

describe('a query that is too costly', () => {
  const NESTED = 'nodes { event { deliveries { nodes { endpoint { events { type } } } } } }'
  const alias = (nth: number) => `a${nth}: webhookAttemptPage(endpointId: 1, limit: 100) { ${NESTED} }`

  it('of 15 aliases over five levels is refused', async () => {
    const query = `{ ${Array.from({ length: 15 }, (_, nth) => alias(nth)).join(' ')} }`
    const { status, data, errors } = await gateway.gql(query)
    expect([status, data]).toEqual([400, undefined])
    expect(errors).toEqual([
      {
        message: expect.stringMatching(/objects/),
        extensions: { code: 'QUERY_TOO_COSTLY', cost: expect.any(Number), limit: 10_000 },
      },
    ])
    expect(errors?.[0]?.extensions?.cost).toBeGreaterThan(100_000)
  })

  it('is refused by the value of a variable, and allowed by another', async () => {
    const query = `query ($limit: Int) { webhookAttemptPage(endpointId: 1, limit: $limit) { ${NESTED} } }`
    expect((await gateway.gql(query, { limit: 100 })).errors?.[0]?.extensions?.code).toBe('QUERY_TOO_COSTLY')
    const allowed = await gateway.gql(query, { limit: 20 })
    expect(allowed.errors?.[0]?.extensions?.code).not.toBe('QUERY_TOO_COSTLY')
    expect((await gateway.gql(query, {})).errors?.[0]?.extensions?.code).not.toBe('QUERY_TOO_COSTLY')
  })

  it('is refused when it introspects, by a caller without a token too', async () => {
    const aliased = Array.from({ length: 15 }, (_, nth) => `a${nth}: __schema { types { ...Fields } }`).join(
      ' ',
    )
    const repeated = `{ ${aliased} } fragment Fields on __Type {
      fields { args { name type { ...Named } } type { ...Named fields { name type { ...Named } } } }
      inputFields { name type { ...Named } }
    } fragment Named on __Type { name ofType { name ofType { name ofType { name } } } }`
    for (const token of [undefined, null]) {
      const { status, errors } = await gateway.gql(repeated, {}, token)
      expect([status, errors?.[0]?.extensions]).toEqual([
        400,
        { code: 'QUERY_TOO_COSTLY', cost: expect.any(Number), limit: expect.any(Number) },
      ])
    }
  })

  it('changes nothing: of 11 mutations none runs, and 10 run', async () => {
    const { id } = await gateway.createEndpoint()
    const mutations = (count: number) =>
      `mutation { ${Array.from({ length: count }, (_, nth) => `m${nth}: updateWebhookEndpoint(id: ${id}, patch: { description: "${count} ${nth}" }) { id }`).join(' ')} }`
    const refused = await gateway.gql(mutations(11))
    expect([refused.status, refused.errors?.[0]?.extensions]).toEqual([
      400,
      { code: 'QUERY_TOO_COSTLY', cost: 11, limit: 10 },
    ])
    expect((await gateway.rest('GET', `endpoint/${id}/`)).body.description).toBe('')
    expect((await gateway.gql(mutations(10))).errors).toBeUndefined()
    expect((await gateway.rest('GET', `endpoint/${id}/`)).body.description).toBe('10 9')
  })

  it('sends nothing: of two test sends none is sent, through fragments too', async () => {
    const receiver = await startReceiver()
    const { id } = await gateway.createEndpoint({ target: receiver.url })
    const query = `mutation ($id: ID!) { a: sendTestWebhookEvent(endpointId: $id) { id } ...B }
      fragment B on Mutation { b: sendTestWebhookEvent(endpointId: $id) { id } }`
    const { errors } = await gateway.gql(query, { id })
    expect(errors?.[0]?.extensions).toEqual({ code: 'QUERY_TOO_COSTLY', cost: 2, limit: 1 })
    expect(receiver.received).toHaveLength(0)
    expect((await gateway.gql(SEND_TEST, { id })).errors).toBeUndefined()
    expect(receiver.received).toHaveLength(1)
    await receiver.close()
  })

  it('does not hit pages of 100, by GraphQL and by REST', async () => {
    const { id } = await gateway.createEndpoint()
    const { errors } = await gateway.gql(
      '{ webhookEndpoints(limit: 100) { totalCount nodes { id target events { type addedAt } } } }',
    )
    expect(errors).toBeUndefined()
    expect((await gateway.gql(ATTEMPTS, { id })).errors).toBeUndefined()
    for (const path of ['endpoint/?limit=100', `endpoint/${id}/attempt/?limit=100`]) {
      expect((await gateway.rest('GET', path)).status).toBe(200)
    }
  })
})

describe('a document', () => {
  const nested = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`

  it('of 20 levels is not too deep, one of 21 is', async () => {
    const messagesOf = async (levels: number) =>
      (await gateway.gql(nested(levels))).errors?.map(({ message }) => message).join()
    expect(await messagesOf(20)).not.toMatch(/depth limit/i)
    expect(await messagesOf(21)).toMatch(/depth limit/i)
  })

  it('is not deeper because it uses fragments', async () => {
    const fragments = Array.from({ length: 30 }, (_, nth) => `fragment F${nth} on Query { ...F${nth + 1} }`)
    const query = `{ ...F0 } ${fragments.join(' ')} fragment F30 on Query { __typename }`
    expect((await gateway.gql(query)).data).toEqual({ __typename: 'Query' })
  })

  it('with an alias of 129 characters is refused, because the answer would repeat it', async () => {
    const aliased = (length: number) => gateway.gql(`{ ${'a'.repeat(length)}: __typename }`)
    expect((await aliased(128)).status).toBe(200)
    expect(await aliased(129)).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    })
  })
})

describe('an answer is short, whatever the input:', () => {
  const big = (count: number) => 'x'.repeat(count)
  const types = (count: number) => Array.from({ length: count }, (_, nth) => ({ type: `no.${nth}` }))
  const CREATE = 'mutation ($input: WebhookEndpointInput!) { createWebhookEndpoint(input: $input) { id } }'

  const graphql: [what: string, query: string, variables?: Record<string, unknown>][] = [
    [
      'a large text where an Int is wanted',
      'query ($n: Int) { webhookEndpoints(limit: $n) { totalCount } }',
      { n: big(200 * KIB) },
    ],
    [
      'a large list where an Int is wanted',
      'query ($n: Int) { webhookEndpoints(limit: $n) { totalCount } }',
      { n: Array(60_000).fill(1) },
    ],
    ['a large text where an object is wanted', CREATE, { input: big(200 * KIB) }],
    [
      'a large object with wrong fields',
      CREATE,
      {
        input: Object.fromEntries(Array.from({ length: 8_000 }, (_, nth) => [`field_${nth}_${big(10)}`, 1])),
      },
    ],
    ['a field with a large name', CREATE, { input: { [big(200 * KIB)]: 1 } }],
    [
      'many wrong values beside a large one',
      CREATE,
      { input: { target: big(150 * KIB), events: Array(20_000).fill(1) } },
    ],
    [
      'a large description of a wrong type',
      CREATE,
      { input: { target: [big(100 * KIB)], events: [], description: { [big(100 * KIB)]: 1 } } },
    ],
    [
      'a large enum value',
      'query ($o: WebhookEndpointOrder) { webhookEndpoints(orderBy: $o) { totalCount } }',
      { o: big(200 * KIB) },
    ],
    [
      '10,000 unknown event types',
      CREATE,
      { input: { target: 'https://example.com/', events: types(10_000) } },
    ],
    [
      'unknown event types with large names',
      CREATE,
      {
        input: {
          target: 'https://example.com/',
          events: Array.from({ length: 20 }, () => ({ type: big(10 * KIB) })),
        },
      },
    ],
    [
      'a large target',
      CREATE,
      { input: { target: `https://example.com/${big(200 * KIB)}`, events: types(1) } },
    ],
    ['a large id', UPDATE, { id: big(200 * KIB), patch: {} }],
    ['a large id of a deletion', DELETE, { id: big(200 * KIB) }],
    ['an unknown field with a large name', `{ ${big(200 * KIB)} }`],
    ['an unknown argument with a large name', `{ webhookEndpoints(${big(200 * KIB)}: 1) { totalCount } }`],
    ['an unknown directive with a large name', `{ __typename @${big(200 * KIB)} }`],
    ['an unknown type with a large name', `query ($a: ${big(200 * KIB)}) { __typename }`],
    [
      'an unknown variable with a large name',
      `{ webhookEndpoints(limit: $${big(200 * KIB)}) { totalCount } }`,
    ],
    ['an unknown fragment with a large name', `{ ...${big(200 * KIB)} }`],
    ['an enum literal with a large name', `{ webhookEndpoints(orderBy: ${big(200 * KIB)}) { totalCount } }`],
    ['a large literal of a wrong type', `{ webhookEndpoints(limit: "${big(200 * KIB)}") { totalCount } }`],
    ['a large number', `{ webhookEndpoints(limit: ${'9'.repeat(200 * KIB)}) { totalCount } }`],
    ['a large alias', `{ ${big(200 * KIB)}: __typename }`],
    ['a syntax error after a large name', `{ ${big(200 * KIB)} ( }`],
    ['a syntax error in a large text', `{ a(b: "${big(200 * KIB)}) }`],
    ['many unknown fields', `{ ${Array.from({ length: 900 }, (_, nth) => `no${nth}`).join(' ')} }`],
    [
      'many unknown fields with long names',
      `{ ${Array.from({ length: 900 }, (_, nth) => `no${nth}${big(200)}`).join(' ')} }`,
    ],
  ]

  it.each(graphql.map(([what, ...request]) => [what, request] as const))(
    'GraphQL, %s',
    async (_what, [query, variables]) => {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      const text = await response.text()
      expect(text.length).toBeLessThan(40 * KIB)
      const { errors } = JSON.parse(text) as {
        errors: { message: string; extensions: Record<string, unknown> }[]
      }
      expect(errors.length).toBeGreaterThan(0)
      for (const { message, extensions } of errors) {
        expect(message.length).toBeLessThanOrEqual(500)
        for (const problem of (extensions.problems ?? []) as { message: string }[]) {
          expect(problem.message.length).toBeLessThanOrEqual(500)
        }
      }
    },
  )

  const rest: [what: string, method: string, path: string, json?: unknown][] = [
    ['a field with a large name', 'PATCH', 'endpoint/1/', { [big(100 * KIB)]: 1 }],
    [
      '10,000 unknown fields',
      'PATCH',
      'endpoint/1/',
      Object.fromEntries(Array.from({ length: 10_000 }, (_, nth) => [`f${nth}`, 1])),
    ],
    [
      '1,000 unknown fields with long names that begin alike',
      'PATCH',
      'endpoint/1/',
      Object.fromEntries(Array.from({ length: 900 }, (_, nth) => [`${big(250)}${nth}`, 1])),
    ],
    [
      '20,000 wrong items',
      'POST',
      'endpoint/',
      { target: 'https://example.com/', events: Array(20_000).fill(1) },
    ],
    [
      '10,000 items with an unknown field',
      'POST',
      'endpoint/',
      { target: 'https://example.com/', events: Array(10_000).fill({ [big(5)]: 1 }) },
    ],
    [
      '10,000 unknown event types',
      'POST',
      'endpoint/',
      { target: 'https://example.com/', events: types(10_000) },
    ],
    ['a large event type', 'POST', 'event/', { type: big(200 * KIB), data: {} }],
    ['a large target', 'POST', 'endpoint/', { target: big(200 * KIB), events: types(1) }],
    [
      '1,000 unknown events',
      'POST',
      'endpoint/1/event/resend/bulk/',
      { event: Array.from({ length: 1_000 }, (_, nth) => 900_000 + nth) },
    ],
    [
      'large ids of events',
      'POST',
      'endpoint/1/event/resend/bulk/',
      { event: Array.from({ length: 20 }, () => big(10 * KIB)) },
    ],
    ['a large ordering', 'GET', `endpoint/?ordering=${big(14 * KIB)}`],
    ['a large limit', 'GET', `endpoint/?limit=${big(14 * KIB)}`],
    ['a large id', 'GET', `endpoint/${big(14 * KIB)}/`],
  ]

  it.each(rest.map(([what, ...request]) => [what, request] as const))(
    'REST, %s',
    async (_what, [method, path, json]) => {
      if (path.includes('/1/')) await gateway.createEndpoint()
      const { status, body } = await gateway.rest(method, path, { json })
      expect([400, 404]).toContain(status)
      expect(JSON.stringify(body).length).toBeLessThan(40 * KIB)
      const messages = (body.errors as { messages?: { message: string }[]; message: string }[]).flatMap(
        (error) => error.messages ?? [error],
      )
      expect(messages.length).toBeLessThanOrEqual(100)
      for (const { message } of messages) expect(message.length).toBeLessThanOrEqual(500)
    },
  )

  it('an address that does not exist is not repeated', async () => {
    const response = await fetch(`${gateway.url}/${big(10 * KIB)}`)
    expect(response.status).toBe(404)
    expect((await response.text()).length).toBeLessThan(500)
  })
})
