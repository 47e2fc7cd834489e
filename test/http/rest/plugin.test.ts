import fastify, { type FastifyInstance } from 'fastify'
import type { Caller } from '../../../src/auth/bearer-token'
import { Failure } from '../../../src/failure'
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

beforeAll(async () => {
  app = fastify({ routerOptions: { ignoreTrailingSlash: true } })
  app.addHook('onRoute', ({ method, url, onRequest }) => {
    if (typeof method === 'string' && !onRequest) withoutHook.push(`${method} ${url}`)
  })
  parseJsonBodies(app)
  addCallers(app, async () => caller)
  await app.register(restPlugin, { executor: schemaExecutor(buildSchema(), {} as never) })
})
beforeEach(() => {
  caller = ADMIN
})
afterAll(() => app.close())

/** Status and code of an error. */
async function errorOf(method: 'GET' | 'POST' | 'PATCH' | 'OPTIONS', url: string, headers = {}) {
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
