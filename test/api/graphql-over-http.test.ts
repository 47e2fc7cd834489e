import { getIntrospectionQuery } from 'graphql'
import { serverAudits } from 'graphql-http'
import { DELETE } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { openWire } from '../support/wire'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

describe('GraphQL over HTTP', () => {
  it('passes every audit of graphql-http that is an error', async () => {
    const fetchFn: typeof fetch = (url, init) => {
      const headers = { ...(init?.headers as object), authorization: `Bearer ${gateway.adminToken}` }
      return fetch(url, { ...init, headers })
    }
    const audits = serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn })
    const results = await Promise.all(audits.map((audit) => audit.fn()))
    expect(results.length).toBeGreaterThan(50)
    const errors = results.flatMap((result) =>
      result.status === 'error' ? `${result.id} ${result.reason}` : [],
    )
    expect(errors).toEqual([])
  })

  it('reports a null in place of a default as a fault of the caller', async () => {
    const document = 'mutation ($id: ID = "1") { deleteWebhookEndpoint(id: $id) { id } }'
    const { errors } = await gateway.gql(document, { id: null })
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('must not be null'),
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    ])
    expect(gateway.output()).not.toContain('internal error')
  })

  it('rejects documents that are too deep, too wide or too long', async () => {
    // The schema has no path this deep: unknown fields count as well.
    const deep = await gateway.gql(`${'{ webhookEndpoint '.repeat(21)} ${'}'.repeat(21)}`)
    expect(deep.status).toBe(400)
    expect(deep.errors?.map((error) => error.message).join()).toMatch(/depth limit/i)
    // GraphiQL's introspection query is deeper than the limit for other queries.
    expect((await gateway.gql(getIntrospectionQuery(), {}, null)).errors).toBeUndefined()

    const aliases = Array.from({ length: 16 }, (_, index) => `a${index}: webhookEventTypes { type }`).join(
      ' ',
    )
    const wide = await gateway.gql(`{ ${aliases} }`)
    expect(wide).toMatchObject({ status: 400, errors: [{ message: expect.stringMatching(/alias/i) }] })
    expect(wide.data).toBeUndefined()

    const long = await gateway.gql(`{ webhookEventTypes { ${'type '.repeat(1001)} } }`)
    expect(long).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] })
  })

  it('reports the faults of a document and of its variables, all type faults at once', async () => {
    const { status, errors } = await gateway.gql('{ webhookEndpoin { id } webhookEventTypes { typ } }')
    expect(status).toBe(400)
    expect(errors?.map((error) => error.message)).toEqual([
      expect.stringContaining('webhookEndpoin'),
      expect.stringContaining('typ'),
    ])
    const faulty = await gateway.gql(
      'mutation ($patch: WebhookEndpointPatch!) { updateWebhookEndpoint(id: 1, patch: $patch) { id } }',
      { patch: { target: 1, isActive: 'yes', nothing: true, events: [null] } },
    )
    expect(faulty.errors).toHaveLength(4)
    for (const error of faulty.errors ?? []) expect(error.extensions?.code).toBe('BAD_USER_INPUT')
  })

  it('answers a mutation by GET with 405', async () => {
    const query = encodeURIComponent('mutation { deleteWebhookEndpoint(id: 1) { id } }')
    const response = await fetch(`${gateway.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${gateway.adminToken}`, 'apollo-require-preflight': '1' },
    })
    expect(response.status).toBe(405)
  })

  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/graphql?${query}`, { headers })

  it('refuses a simple cross-site request (CSRF)', async () => {
    expect((await get('query={__typename}')).status).toBe(400)
    expect((await get('query={__typename}', { 'content-type': 'text/plain' })).status).toBe(400)
  })

  it('takes a bearer token as proof that a GET is not forged', async () => {
    const response = await get('query={webhookEventTypes{type}}', {
      authorization: `Bearer ${gateway.adminToken}`,
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ data: { webhookEventTypes: expect.any(Array) } })
  })

  it.each([
    'operationName=&query={__typename}',
    'query={__typename}&operationName=',
    'operationName=&variables=&query={__typename}&extensions=',
    'query=query A {__typename}&operationName=',
    'query=query ($a: Int = 1) {__typename @skip(if: false)}&variables=&operationName=',
  ])('takes an empty parameter of a GET as none: %s', async (query) => {
    const response = await get(encodeURI(query.replace('($a: Int = 1) ', '')), {
      authorization: `Bearer ${gateway.adminToken}`,
    })
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } })
  })

  it.each([
    ['{ __typename }', { data: { __typename: 'Query' } }],
    ['query A { __typename }', { data: { __typename: 'Query' } }],
    [
      'query A { __typename } query B { __typename }',
      { errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }] },
    ],
  ])('takes an empty operationName of a POST as none: %s', async (query, expected) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: '', variables: null }),
    })
    expect(await response.json()).toMatchObject(expected)
  })

  it('takes no batches', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: '{ __typename }' }, { query: '{ __typename }' }]),
    })
    expect(response.status).toBe(400)
  })

  it('answers other methods with 405 and Allow', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const response = await fetch(`${gateway.url}/graphql`, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    }
  })

  it.each([
    'text/html',
    'application/json;q=0',
    'application/json; indent=4; q=0',
    'multipart/mixed',
    '*/*;q=0.5, application/*;q=0',
  ])('does not do what it cannot answer: Accept: %s', async (accept) => {
    const { id } = await gateway.createEndpoint()
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminToken}`, 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: DELETE, variables: { id } }),
    })
    expect(response.status).toBe(406)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    expect((await gateway.rest('GET', `endpoint/${id}/`)).status).toBe(200)
  })

  it.each([
    ['*/*', 'application/json'],
    ['application/json; charset="UTF-8"', 'application/json'],
    ['application/json; charset=utf8', 'application/json'],
    ['application/json; indent=4', 'application/json'],
    ['application/json;odata=verbose', 'application/json'],
    ['APPLICATION/JSON; Indent=4; q=0.5', 'application/json'],
    ['application/*; version=1', 'application/json'],
    ['application/graphql-response+json; charset=utf8', 'application/graphql-response+json'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json, application/graphql-response+json', 'application/graphql-response+json'],
    ['text/html, application/*;q=0.1', 'application/json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    for (const [body, status] of [
      ['{"query": "{ __typename }"}', 200],
      ['{"query": "{ nothing }"}', 400],
      ['{', 400],
      [`{"query": "${' '.repeat(272 * 1024)}"}`, 413],
    ] as const) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${gateway.adminToken}`,
          'content-type': 'application/json',
          accept,
        },
        body,
      })
      expect([response.status, response.headers.get('content-type')]).toEqual([
        status,
        `${type}; charset=utf-8`,
      ])
    }
  })

  it('refuses a Host header that names no host', async () => {
    const wire = openWire(gateway.url)
    const answer = await wire.send({
      method: 'POST',
      path: '/graphql',
      headers: { host: 'no host', 'content-type': 'application/json' },
      body: '{"query": "{ __typename }"}',
    })
    wire.close()
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
})

describe('in production', () => {
  let production: TestGateway
  beforeAll(async () => {
    const HOOKGATE_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64')
    production = await startTestGateway({ NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY })
  })
  afterAll(() => production.stop())

  it('suggests no names of the schema', async () => {
    const { errors } = await production.gql('{ webhookEndpoin }')
    expect(JSON.stringify(errors)).not.toMatch(/Did you mean/)
  })
})
