import fastify, { type FastifyInstance, type HTTPMethods } from 'fastify'
import type { Caller } from '../../../src/auth/bearer-token'
import { Failure } from '../../../src/failure'
import { addNegotiation } from '../../../src/http/accept'
import { addCallers } from '../../../src/http/caller'
import { parseJsonBodies } from '../../../src/http/json-bodies'
import { restPlugin } from '../../../src/http/rest/plugin'
import { buildSchema } from '../../../src/schema/build'
import { schemaExecutor } from '../../../src/schema/execute'

const ENDPOINT = '/api/v2/webhook/endpoint/1'
const ADMIN: Caller = { identity: { subject: 'test', roles: ['admin'] } }
const PUBLISHER: Caller = { identity: { subject: 'test', roles: ['publisher'] } }
const UNKNOWN: Caller = { denial: new Failure('unauthenticated', 'A bearer token is required.') }

let app: FastifyInstance
let caller: Caller
const withoutHook: string[] = []
const changes: [HTTPMethods, string][] = []

beforeAll(async () => {
  app = fastify({ routerOptions: { ignoreTrailingSlash: true } })
  app.addHook('onRoute', ({ method, url, onRequest }) => {
    if (typeof method !== 'string') return
    if (!onRequest) withoutHook.push(`${method} ${url}`)
    if (!['GET', 'HEAD'].includes(method)) changes.push([method as HTTPMethods, url.replace(':id', '1')])
  })
  parseJsonBodies(app)
  addNegotiation(app)
  addCallers(app, async () => caller)
  await app.register(restPlugin, { executor: schemaExecutor(buildSchema(), {} as never) })
})
beforeEach(() => {
  caller = ADMIN
})
afterAll(() => app.close())

/** Status and code of an error. */
async function errorOf(method: HTTPMethods, url: string, headers = {}) {
  const response = await app.inject({ method, url, headers, payload: method === 'PATCH' ? '{' : undefined })
  return [response.statusCode, response.json().errors[0].code]
}

describe('a route', () => {
  it('checks access before any other part of the request', () => {
    expect(withoutHook).toEqual([])
  })

  it.each<[string, Caller, number, string]>([
    ['an unknown caller', UNKNOWN, 401, 'unauthenticated'],
    ['a caller without the role', PUBLISHER, 403, 'forbidden'],
    ['an admin', ADMIN, 400, 'malformed'],
  ])('reads the body of allowed callers only: %s', async (_case, as, status, code) => {
    caller = as
    expect(await errorOf('PATCH', ENDPOINT, { 'content-type': 'application/json' })).toEqual([status, code])
  })

  it('denies access before it reports that it cannot respond in the accepted type', async () => {
    expect(await errorOf('GET', ENDPOINT, { accept: 'text/html' })).toEqual([406, 'not_acceptable'])
    caller = UNKNOWN
    expect(await errorOf('GET', ENDPOINT, { accept: 'text/html' })).toEqual([401, 'unauthenticated'])
  })
})

describe('a call that changes something', () => {
  const ask = async (query: string) => {
    const answers = changes.map(async ([method, url]) => {
      const response = await app.inject({ method, url: `${url}?${query}` })
      return [response.statusCode, response.json().errors]
    })
    return Promise.all(answers)
  }

  it('is refused if a query parameter is unknown, before its body is read', async () => {
    expect(changes.length).toBeGreaterThan(6)
    const messages = [{ code: 'unknown_parameter', message: expect.any(String) }]
    for (const answer of await ask('dry_run=true')) {
      expect(answer).toEqual([400, [{ field: 'dry_run', messages }]])
    }
    for (const answer of await ask('limit=1&dry_run')) {
      expect(answer).toEqual([400, ['limit', 'dry_run'].map((field) => ({ field, messages }))])
    }
    for (const answer of await ask('=')) expect(answer).toEqual([400, [{ field: '', messages }]])
  })

  it('answers no more than it must to very many or very long ones', async () => {
    const long = 'x'.repeat(5_000)
    const many = Array.from({ length: 2_000 }, (_value, index) => `p${index}`).join('&')
    for (const query of [long, many]) {
      for (const [status, errors] of await ask(query)) {
        expect(status).toBe(400)
        expect(JSON.stringify(errors).length).toBeLessThan(4_000)
      }
    }
  })

  it('denies access before it reports a parameter', async () => {
    caller = PUBLISHER
    expect(await errorOf('PATCH', `${ENDPOINT}?dry_run=true`)).toEqual([403, 'forbidden'])
    caller = UNKNOWN
    expect(await errorOf('PATCH', `${ENDPOINT}?dry_run=true`)).toEqual([401, 'unauthenticated'])
  })

  it('may have an empty query', async () => {
    for (const answer of await ask('')) expect(answer[1]).not.toMatchObject([{ code: 'unknown_parameter' }])
  })
})

describe('a method that a URL does not have', () => {
  it.each([ENDPOINT, `${ENDPOINT}/`])(
    'has the status 405 and the methods of all files of routes: %s',
    async (url) => {
      expect(await errorOf('POST', url)).toEqual([405, 'method_not_allowed'])
      const { headers } = await app.inject({ method: 'OPTIONS', url })
      expect(headers.allow).toBe('GET, HEAD, PUT, PATCH, DELETE')
    },
  )
})

describe('a URL without routes', () => {
  it.each(['/api/v2/webhook/nowhere', '/api/v2/webhook', '/api/v3/webhook/endpoint'])(
    'has the status 404: %s',
    async (url) => expect(await errorOf('GET', url)).toEqual([404, 'not_found']),
  )
})
