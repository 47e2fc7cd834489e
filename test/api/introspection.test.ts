import { getIntrospectionQuery } from 'graphql'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'

const SCHEMA = '{ __schema { queryType { name } } }'
const TYPE = '{ __type(name: "WebhookEndpoint") { name } }'
const PUBLISHER = tokenFor({ role: 'publisher', sub: 'shop' })
const EXPIRED = tokenFor({ role: 'admin', sub: 'test' }, { expiresIn: -60 })
const DENIED = { status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }

let gateway: TestGateway

/** Sends a request by POST with any body, without a token. */
async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, headers: response.headers, ...((await response.json()) as object) }
}

describe('in development', () => {
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(() => gateway.stop())

  it.each([
    ['an admin', undefined],
    ['a publisher', PUBLISHER],
    ['a caller without a role', tokenFor({ sub: 'nobody' })],
    ['a caller without a token', null],
  ])('%s reads the schema', async (_caller, token) => {
    const { status, data, errors } = await gateway.gql(getIntrospectionQuery(), {}, token)
    expect([status, errors]).toEqual([200, undefined])
    expect(data.__schema.queryType.name).toBe('Query')
  })

  describe('without a token', () => {
    it.each([
      SCHEMA,
      TYPE,
      '{ __typename }',
      'mutation { __typename }',
      'query A { ...B } fragment B on Query { a: __schema { queryType { name } } ... { __typename } }',
      'query ($name: String!) { __type(name: $name) { name } }',
    ])('introspection is answered: %s', async (query) => {
      const { status, errors } = await gateway.gql(query, { name: 'Query' }, null)
      expect([status, errors]).toEqual([200, undefined])
    })

    it.each([
      '{ webhookEventTypes { type } }',
      '{ __typename webhookEventTypes { type } }',
      '{ __typename ...A } fragment A on Query { ... on Query { webhookEventTypes { type } } }',
      '{ __typename: webhookEventTypes { type } }',
      '{ __typename webhookEventTypes @skip(if: true) { type } }',
      'query A { __typename } query B { webhookEventTypes { type } }',
      'mutation { deleteWebhookEndpoint(id: 1) { id } }',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      '{ nope }',
      '{ __typename',
      '{',
      'fragment A on Query { __typename }',
      'type A { __typename: Int }',
      '',
      `{ ${'__typename '.repeat(1001)} }`,
    ])('anything else is denied as a whole: %s', async (query) => {
      const answer = await post(JSON.stringify({ query, operationName: 'A' }))
      expect(answer).toMatchObject(DENIED)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(answer).not.toHaveProperty('data')
    })

    it('a request without a document is no GraphQL request', async () => {
      for (const body of ['{}', '[]', '[{"query": "{ webhookEventTypes { type } }"}]', '{"query": 1}']) {
        const answer = await post(body)
        expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
      }
    })

    it('the address is not read by POST', async () => {
      const response = await fetch(`${gateway.url}/graphql?query={__typename}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ webhookEventTypes { type } }' }),
      })
      expect(response.status).toBe(401)
    })
  })

  it.each([
    ['an expired token', `Bearer ${EXPIRED}`],
    ['garbage', 'Bearer garbage'],
    ['another scheme', 'Basic YWRtaW46YWRtaW4='],
    ['an empty header', ''],
  ])('%s is denied, for introspection as well', async (_name, authorization) => {
    const answer = await post(JSON.stringify({ query: SCHEMA }), { authorization })
    expect(answer).toMatchObject(DENIED)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })
})

describe('in production', () => {
  beforeAll(async () => {
    const HOOKGATE_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64')
    gateway = await startTestGateway({ NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY })
  })
  afterAll(() => gateway.stop())

  it('an admin reads the schema', async () => {
    const { status, data, errors } = await gateway.gql(getIntrospectionQuery())
    expect([status, errors]).toEqual([200, undefined])
    expect(data.__schema.queryType.name).toBe('Query')
  })

  it('a publisher does not', async () => {
    const error = (key: string) => ({
      message: 'This needs the role admin.',
      path: [key],
      extensions: { code: 'FORBIDDEN' },
    })
    const answers = [
      [SCHEMA, null, '__schema'],
      ['{ a: __schema { queryType { name } } }', null, 'a'],
      ['{ ...A } fragment A on Query { __schema { queryType { name } } }', null, '__schema'],
      [TYPE, { __type: null }, '__type'],
      ['{ __typename a: __type(name: "Query") { name } }', { __typename: 'Query', a: null }, 'a'],
    ] as const
    for (const [query, data, key] of answers) {
      expect(await gateway.gql(query, {}, PUBLISHER)).toEqual({ status: 200, data, errors: [error(key)] })
    }
  })

  it('a publisher reads __typename, and is not refused a field that is left out', async () => {
    const query =
      'query A { __typename __schema @skip(if: true) { types { name } } } query B { x: __schema { __typename } }'
    const response = await post(JSON.stringify({ query, operationName: 'A' }), {
      authorization: `Bearer ${PUBLISHER}`,
    })
    expect(response).toMatchObject({ status: 200, data: { __typename: 'Query' } })
    expect(response).not.toHaveProperty('errors')
  })

  it.each([SCHEMA, TYPE, '{ __typename }', '{ webhookEventTypes { type } }'])(
    'nothing is read without a token: %s',
    async (query) => {
      const answer = await post(JSON.stringify({ query }))
      expect(answer).toMatchObject(DENIED)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(answer).not.toHaveProperty('data')
    },
  )

  it('prints no token and no code, and gives none to a browser', async () => {
    expect(gateway.output()).not.toMatch(/token|code=/i)
    for (const path of ['/session', '/graphiql/session']) {
      const headers = { 'content-type': 'application/json' }
      const asked = await fetch(gateway.url + path, { method: 'POST', headers, body: '{"code": ""}' })
      expect([asked.status, (await fetch(gateway.url + path)).status]).toEqual([404, 404])
    }
  })
})
