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
    const audits = serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn: fetch })
    const results = await Promise.all(audits.map((audit) => audit.fn()))
    expect(results.length).toBeGreaterThan(50)
    const errors = results.flatMap((result) =>
      result.status === 'error' ? `${result.id} ${result.reason}` : [],
    )
    expect(errors).toEqual([])
  })

  it('reports a null in place of a default as a fault of the caller', async () => {
    const document = 'mutation ($id: ID = "1") { deleteWebhookEndpoint(id: $id) }'
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
    const query = encodeURIComponent('mutation { deleteWebhookEndpoint(id: 1) }')
    const response = await fetch(`${gateway.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${gateway.adminToken}`, 'apollo-require-preflight': '1' },
    })
    expect(response.status).toBe(405)
  })

  it('refuses a simple cross-site request (CSRF)', async () => {
    const response = await fetch(`${gateway.url}/graphql?query={__typename}`)
    expect(response.status).toBe(400)
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
    'application/json; charset=latin1',
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
    ['text/html, application/*;q=0.1', 'application/json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: '{ __typename }' }),
    })
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
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

  it('turns introspection off and suggests no names of the schema', async () => {
    expect(await production.gql('{ __schema { types { name } } }')).toMatchObject({ status: 400 })
    const { errors } = await production.gql('{ webhookEndpoin }')
    expect(JSON.stringify(errors)).not.toMatch(/Did you mean/)
  })

  it('prints no token and gives none to a browser', async () => {
    expect(production.output()).not.toMatch(/token/i)
    const session = await fetch(`${production.url}/graphiql/session`)
    expect(await session.json()).toEqual({ token: null })
  })
})
