import Fastify, { type FastifyInstance } from 'fastify'
import { parseJsonBodies } from '../../src/http/json-bodies'
import { sessionPlugin } from '../../src/http/session-plugin'

const CODE = 'the-code'

describe('POST /session', () => {
  let app: FastifyInstance

  beforeEach(() => {
    app = Fastify()
    parseJsonBodies(app)
    const exchange = async (code: string) => (code === CODE ? 'an-admin-token' : undefined)
    app.register(sessionPlugin, { signIn: { code: CODE, exchange, issueToken: async () => 'another' } })
  })
  afterEach(() => app.close())

  const post = (payload: unknown, headers: Record<string, string> = {}, url = '/session') =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })

  it('exchanges the code of the printed link for a token, many times', async () => {
    for (let time = 0; time < 20; time += 1) {
      const answer = await post({ code: CODE })
      expect([answer.statusCode, answer.json()]).toEqual([200, { token: 'an-admin-token' }])
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  it('gives the token to its own page, through any proxy', async () => {
    const headers = {
      'sec-fetch-site': 'same-origin',
      'x-forwarded-for': '10.0.0.7',
      host: 'hooks.example.com',
    }
    expect((await post({ code: CODE }, headers)).json()).toEqual({ token: 'an-admin-token' })
  })

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '"the-code"',
    '{"code": null}',
    '{"code": ["the-code"]}',
    '{"code": ""}',
    '{"code": "the-code "}',
    '{"code": "another"}',
    '{"token": "the-code"}',
    '{"code":',
  ])('gives no token for %j', async (payload) => {
    const answer = await post(payload)
    expect([400, 403]).toContain(answer.statusCode)
    expect(answer.body).not.toContain('token"')
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'does not read a form, which the page of another site can send: %s',
    async (type) => {
      expect((await post({ code: CODE }, { 'content-type': type })).statusCode).toBe(415)
    },
  )

  it.each(['cross-site', 'same-site', 'none'])('gives no token to another page: %s', async (site) => {
    expect((await post({ code: CODE }, { 'sec-fetch-site': site })).statusCode).toBe(403)
  })

  it('takes no code from the address and no other method', async () => {
    expect((await post({}, {}, `/session?code=${CODE}`)).statusCode).toBe(403)
    expect((await app.inject(`/session?code=${CODE}`)).statusCode).toBe(404)
  })

  it('limits wrong codes, and never the right one', async () => {
    const statuses: number[] = []
    for (let time = 0; time < 12; time += 1) statuses.push((await post({ code: `wrong ${time}` })).statusCode)
    expect(statuses).toEqual([...Array(10).fill(403), 429, 429])
    expect((await post({ code: 'wrong' })).headers['retry-after']).toMatch(/^\d+$/)
    expect((await post({ code: CODE })).statusCode).toBe(200)
  })

  it('reads a kilobyte at most', async () => {
    expect((await post({ code: 'x'.repeat(2_000) })).statusCode).toBe(413)
  })
})
