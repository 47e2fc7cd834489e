import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import { LIST } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { restRoutes } from '../support/rest-routes'
import {
  ADMINS,
  ADMINS_BY_OTHER_CLOCKS,
  ALLOWED,
  type Caller,
  GRAPHQL_OPERATIONS,
  type GraphqlCall,
  REST_ROUTES,
  type RestCall,
  UNAUTHENTICATED,
  WITHOUT_THE_ROLE,
} from './access-table'

const MISSING = '999999'
const JSON_TYPE = { 'content-type': 'application/json' }

let gateway: TestGateway
let existing: string

beforeAll(async () => {
  gateway = await startTestGateway({ LOG_LEVEL: 'trace' })
  existing = String((await gateway.createEndpoint()).id)
})
afterAll(() => gateway?.stop())

interface Answer {
  status: number
  headers: Headers
  text: string
}

async function send(authorization: Caller[1], path: string, init: RequestInit): Promise<Answer> {
  const headers = { ...init.headers, ...(authorization !== undefined && { authorization }) }
  const response = await fetch(gateway.url + path, { ...init, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const sendGraphql = (authorization: Caller[1], call: GraphqlCall) =>
  send(authorization, '/graphql', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(call) })

function sendRest(authorization: Caller[1], { method, path, json }: RestCall) {
  const body = json === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(json) }
  return send(authorization, `/api/v2/webhook/${path}`, { method, ...body })
}

/** Runs every operation of a table and returns their results by name. */
async function resultsOf<Call, Result>(
  table: Record<string, (id: string) => Call>,
  resultOf: (call: Call) => Promise<Result>,
): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {}
  for (const [name, callOn] of Object.entries(table)) results[name] = await resultOf(callOn(existing))
  return results
}

const allOf = <Result>(table: object, result: Result) =>
  Object.fromEntries(Object.keys(table).map((name) => [name, result]))

const allowedTo = ([, , role]: Caller): string[] => (role ? ALLOWED[role] : [])

/** The part of a table that this caller may use. */
const openTo = <Call>(caller: Caller, table: Record<string, Call>) =>
  Object.fromEntries(Object.entries(table).filter(([name]) => allowedTo(caller).includes(name)))

/** The part of a table that this caller may not use. */
const closedTo = <Call>(caller: Caller, table: Record<string, Call>) =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !allowedTo(caller).includes(name)))

/** The status of a request whose headers may be repeated, which fetch cannot send. */
const statusOf = (path: string, headers: Record<string, string[]>) =>
  new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(gateway.url + path, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject).end()
  })

interface ErrorOf {
  code?: string
  extensions?: { code?: string }
}

async function restResult(authorization: Caller[1], call: RestCall) {
  const { status, headers, text } = await sendRest(authorization, call)
  const codes = JSON.parse(text).errors.map(({ code }: ErrorOf) => code)
  return { status, authenticate: headers.get('www-authenticate'), codes }
}

async function graphqlResult(authorization: Caller[1], call: GraphqlCall) {
  const { status, headers, text } = await sendGraphql(authorization, call)
  const { data, errors } = JSON.parse(text)
  const codes = errors.map(({ extensions }: ErrorOf) => extensions?.code)
  const answered = Object.values(data ?? {}).filter((value) => value !== null)
  const authenticate = headers.get('www-authenticate')
  return {
    status,
    authenticate,
    hasData: data !== undefined,
    codes,
    answered,
    type: headers.get('content-type'),
  }
}

const type = 'application/json; charset=utf-8'

describe('the table of operations', () => {
  const schema = buildSchema(readFileSync(join(__dirname, '../../schema.graphql'), 'utf8'))

  it('has every query and mutation of schema.graphql', () => {
    const operations = [schema.getQueryType(), schema.getMutationType()].flatMap((parent) =>
      Object.keys(parent?.getFields() ?? {}).map((field) => `${parent?.name}.${field}`),
    )
    expect(operations.length).toBeGreaterThan(6)
    expect(Object.keys(GRAPHQL_OPERATIONS).sort()).toEqual(operations.sort())
    expect(schema.getSubscriptionType()).toBeUndefined()
  })

  it('has every route of the REST API', async () => {
    expect(Object.keys(REST_ROUTES).sort()).toEqual((await restRoutes()).sort())
  })
})

describe('without access nothing is read or changed', () => {
  let stored: unknown
  const list = async () => (await gateway.gql(LIST)).data.webhookEndpoints

  beforeEach(async () => {
    stored = await list()
  })
  afterEach(async () => expect(await list()).toEqual(stored))

  describe('every operation answers 401 and UNAUTHENTICATED to', () => {
    it.each(UNAUTHENTICATED)('%s', async (_name, authorization) => {
      expect(await resultsOf(REST_ROUTES, (call) => restResult(authorization, call))).toEqual(
        allOf(REST_ROUTES, { status: 401, authenticate: 'Bearer', codes: ['unauthenticated'] }),
      )
      expect(await resultsOf(GRAPHQL_OPERATIONS, (call) => graphqlResult(authorization, call))).toEqual(
        allOf(GRAPHQL_OPERATIONS, {
          status: 401,
          authenticate: 'Bearer',
          hasData: false,
          codes: ['UNAUTHENTICATED'],
          answered: [],
          type,
        }),
      )
    })
  })

  describe('every operation answers 403 and FORBIDDEN to', () => {
    it.each(WITHOUT_THE_ROLE)('%s', async (...caller) => {
      const [, authorization] = caller
      const routes = closedTo(caller, REST_ROUTES)
      expect(await resultsOf(routes, (call) => restResult(authorization, call))).toEqual(
        allOf(routes, { status: 403, authenticate: null, codes: ['forbidden'] }),
      )
      const operations = closedTo(caller, GRAPHQL_OPERATIONS)
      expect(await resultsOf(operations, (call) => graphqlResult(authorization, call))).toEqual(
        allOf(operations, {
          status: 200,
          authenticate: null,
          hasData: true,
          codes: ['FORBIDDEN'],
          answered: [],
          type,
        }),
      )
    })
  })

  describe('an existing id cannot be distinguished from an unknown one by', () => {
    const same = ({ status, headers, text }: Answer) => {
      const told = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name))
      return { status, headers: Object.fromEntries(told), text }
    }
    it.each([...UNAUTHENTICATED.slice(0, 1), ...WITHOUT_THE_ROLE.slice(0, 4)])('%s', async (...caller) => {
      const [, authorization] = caller
      for (const callOn of Object.values(closedTo(caller, REST_ROUTES))) {
        const found = await sendRest(authorization, callOn(existing))
        expect(same(await sendRest(authorization, callOn(MISSING)))).toEqual(same(found))
      }
      for (const callOn of Object.values(closedTo(caller, GRAPHQL_OPERATIONS))) {
        const found = await sendGraphql(authorization, callOn(existing))
        expect(same(await sendGraphql(authorization, callOn(MISSING)))).toEqual(same(found))
      }
    })
  })

  describe('access is checked before any other fault of', () => {
    const requests: [name: string, path: string, init: RequestInit][] = [
      ['a body that is not JSON', 'endpoint/ID/', { headers: JSON_TYPE, body: '{"is_active": fal' }],
      ['an empty body', 'endpoint/ID/', { headers: JSON_TYPE, body: '' }],
      ['a body of another type', 'endpoint/ID/', { headers: { 'content-type': 'text/xml' }, body: '<a/>' }],
      ['a bad patch', 'endpoint/ID/', { headers: JSON_TYPE, body: '{"target": 1, "nope": null}' }],
      ['a stale version', 'endpoint/ID/', { headers: { ...JSON_TYPE, 'if-match': '"999"' }, body: '{}' }],
      [
        'a compressed body',
        'endpoint/ID/',
        { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: 'x' },
      ],
      [
        'an answer that is not to be had',
        'endpoint/ID/',
        { headers: { ...JSON_TYPE, accept: 'text/html' }, body: '{}' },
      ],
      ['an id that is no number', 'endpoint/abc/', { headers: JSON_TYPE, body: '{}' }],
      ['an id of 200 digits', `endpoint/${'9'.repeat(200)}/`, { headers: JSON_TYPE, body: '{}' }],
    ]
    it.each(requests)('%s', async (_name, path, init) => {
      const url = `/api/v2/webhook/${path.replace('ID', existing)}`
      const [, publisher] = WITHOUT_THE_ROLE[0] as Caller
      expect((await send(undefined, url, { method: 'PATCH', ...init })).status).toBe(401)
      expect((await send(publisher, url, { method: 'PATCH', ...init })).status).toBe(403)
    })

    it('a list with invalid parameters', async () => {
      const call = { method: 'GET', path: 'endpoint/?limit=0&offset=-1&ordering=x' }
      expect((await sendRest(undefined, call)).status).toBe(401)
    })

    it('an invalid GraphQL input', async () => {
      const endpoint = { target: 'nope', events: [] }
      const event = { type: 'nope', data: {}, idempotencyKey: '' }
      for (const [name, callOn] of Object.entries(GRAPHQL_OPERATIONS)) {
        const { query, variables } = callOn(existing)
        const input = name === 'Mutation.publishWebhookEvent' ? event : endpoint
        const bad = { id: 'abc', limit: 0, eventIds: [], overlapSeconds: -1, input, patch: { target: null } }
        const { codes } = await graphqlResult(undefined, { query, variables: { ...variables, ...bad } })
        expect(codes).toEqual(['UNAUTHENTICATED'])
      }
    })
  })

  it('HEAD needs a token, as GET does', async () => {
    const [, publisher] = WITHOUT_THE_ROLE[0] as Caller
    for (const id of [existing, MISSING]) {
      const url = `/api/v2/webhook/endpoint/${id}/`
      expect(await send(undefined, url, { method: 'HEAD' })).toMatchObject({ status: 401, text: '' })
      expect(await send(publisher, url, { method: 'HEAD' })).toMatchObject({ status: 403, text: '' })
    }
  })

  it('GraphQL by GET needs a token as well', async () => {
    const query = encodeURIComponent('{ webhookEndpoints { totalCount } }')
    const headers = { 'apollo-require-preflight': '1' }
    const answer = await send(undefined, `/graphql?query=${query}`, { method: 'GET', headers })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const { data, errors } = JSON.parse(answer.text)
    expect(data).toBeUndefined()
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  it.each(['authorization', 'Authorization', 'access_token', 'token'])(
    'a token in the query string is not read: %s',
    async (name) => {
      const query = `${name}=${encodeURIComponent(`Bearer ${gateway.adminToken}`)}`
      expect((await send(undefined, `/api/v2/webhook/endpoint/?${query}`, {})).status).toBe(401)
    },
  )

  it('two Authorization headers are no token, in any order', async () => {
    const [, publisher = ''] = WITHOUT_THE_ROLE[0] as Caller
    for (const values of [
      [`Bearer ${gateway.adminToken}`, publisher],
      [publisher, `Bearer ${gateway.adminToken}`],
      [`Bearer ${gateway.adminToken}`, `Bearer ${gateway.adminToken}`],
    ]) {
      const status = await statusOf('/api/v2/webhook/endpoint/', { authorization: values })
      expect(status).toBe(401)
    }
  })

  it('an Authorization header of 15 KB is no token', async () => {
    for (const value of [
      `Bearer ${'a'.repeat(15_000)}`,
      'a'.repeat(15_000),
      `Bearer ${'a.'.repeat(7_500)}`,
    ]) {
      expect((await send(value, '/api/v2/webhook/endpoint/', {})).status).toBe(401)
    }
  })

  it('one document of many operations is denied for each of them', async () => {
    const query = `mutation {
      first: deleteWebhookEndpoint(id: ${existing}) { id }
      second: updateWebhookEndpoint(id: ${existing}, patch: { isActive: false }) { id }
    }`
    const [, publisher] = WITHOUT_THE_ROLE[0] as Caller
    const { codes } = await graphqlResult(publisher, { query, variables: {} })
    expect(new Set(codes)).toEqual(new Set(['FORBIDDEN']))
  })
})

describe('everything that its role allows is open to', () => {
  it.each(WITHOUT_THE_ROLE.filter(([, , role]) => role))('%s', async (...caller) => {
    const [, authorization] = caller
    const routes = openTo(caller, REST_ROUTES)
    const operations = openTo(caller, GRAPHQL_OPERATIONS)
    expect(Object.keys({ ...routes, ...operations }).sort()).toEqual([...allowedTo(caller)].sort())
    const statuses = await resultsOf(routes, async (call) => (await sendRest(authorization, call)).status)
    for (const [name, status] of Object.entries(statuses)) expect([name, status < 300]).toEqual([name, true])
    const errors = await resultsOf(
      operations,
      async (call) => JSON.parse((await sendGraphql(authorization, call)).text).errors,
    )
    expect(errors).toEqual(allOf(operations, undefined))
  })
})

describe('a publisher may publish', () => {
  it.each(WITHOUT_THE_ROLE.filter(([, , role]) => role === 'publisher'))(
    '%s',
    async (_name, authorization) => {
      const rest = await sendRest(authorization, REST_ROUTES['POST event']?.(existing) as RestCall)
      expect(rest.status).toBe(201)
      const call = GRAPHQL_OPERATIONS['Mutation.publishWebhookEvent']?.(existing) as GraphqlCall
      const { text } = await sendGraphql(authorization, call)
      expect(JSON.parse(text)).toMatchObject({
        data: { publishWebhookEvent: { event: { type: 'user.deleted' } } },
      })
    },
  )
})

describe('an admin has access', () => {
  async function expectAccess(authorization: Caller[1]) {
    const call = { method: 'PATCH', path: `endpoint/${existing}/`, json: {} }
    expect((await sendRest(authorization, call)).status).toBe(200)
    const { text } = await sendGraphql(authorization, { query: LIST, variables: {} })
    expect(JSON.parse(text)).toMatchObject({ data: { webhookEndpoints: { totalCount: 1 } } })
  }

  it.each(ADMINS)('%s', (_name, authorization) => expectAccess(authorization))
  it.each(ADMINS_BY_OTHER_CLOCKS)('%s', (_name, authorization) => expectAccess(authorization()))
})

it('no token that was sent is ever printed', async () => {
  await gateway.end()
  const output = gateway.output()
  expect(output).toContain('/api/v2/webhook/endpoint')
  const sent = [...UNAUTHENTICATED, ...WITHOUT_THE_ROLE, ...ADMINS].flatMap(([, header = '']) =>
    header.split(/[ ,"]+/).filter((word) => word.length > 10),
  )
  for (const token of [...sent, gateway.adminToken]) {
    expect(output).not.toContain(token)
    // Nor its signature.
    const signature = token.split('.')[2]
    if (signature) expect(output).not.toContain(signature)
  }
})
