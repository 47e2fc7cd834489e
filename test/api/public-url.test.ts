import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { openWire } from '../support/wire'

const PUBLIC_URL = 'https://hooks.example.com/webhooks'
const BASE = `${PUBLIC_URL}/api/v2/webhook`

/** What proxies add. The gateway believes none of it. */
const FORWARDED = {
  host: '127.0.0.1:4000',
  forwarded: 'host=evil.example;proto=gopher',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-prefix': '/evil',
  'x-forwarded-port': '1',
}

/** A request with exactly these headers. fetch would set Host by itself. */
async function send(gateway: TestGateway, method: string, path: string, headers = {}, json?: unknown) {
  const wire = openWire(gateway.url)
  const answer = await wire.send({
    method,
    path,
    headers: {
      authorization: `Bearer ${gateway.adminToken}`,
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json === undefined ? undefined : JSON.stringify(json),
  })
  wire.close()
  return answer
}

const ENDPOINT = { target: 'http://127.0.0.1:9999/hook', events: [{ type: 'post.created' }] }

describe.each([
  ['that removes its path', ''],
  ['that keeps its path', '/webhooks'],
])('behind a proxy %s', (_kind, prefix) => {
  let gateway: TestGateway
  let id: number
  beforeAll(async () => {
    gateway = await startTestGateway({ HOOKGATE_PUBLIC_URL: `${PUBLIC_URL}/` }, await createTestDatabase())
    for (let nth = 0; nth < 3; nth += 1) id = (await gateway.createEndpoint()).id
  })
  afterAll(() => gateway?.stop())

  it('every link of a page is below the public URL', async () => {
    for (const [path, next, previous] of [
      ['endpoint/?limit=1', 'endpoint/?limit=1&offset=1', null],
      ['endpoint?limit=1&offset=1', 'endpoint?limit=1&offset=2', 'endpoint?limit=1'],
      ['endpoint/search/?target=hook&limit=1', 'endpoint/search/?target=hook&limit=1&offset=1', null],
    ]) {
      const { status, text } = await send(gateway, 'GET', `${prefix}/api/v2/webhook/${path}`, FORWARDED)
      const page = JSON.parse(text)
      expect([status, page.next, page.previous]).toEqual([
        200,
        `${BASE}/${next}`,
        previous === null ? null : `${BASE}/${previous}`,
      ])
    }
  })

  it('and so is the Location of a new endpoint', async () => {
    const { status, headers, text } = await send(
      gateway,
      'POST',
      `${prefix}/api/v2/webhook/endpoint/`,
      FORWARDED,
      ENDPOINT,
    )
    expect([status, headers.location]).toEqual([201, `${BASE}/endpoint/${JSON.parse(text).id}/`])
  })

  it.each(['/', '/?a=b'])('and the page that %s leads to', async (path) => {
    const { status, headers } = await send(gateway, 'GET', prefix + path, FORWARDED)
    expect([status, headers.location]).toEqual([302, `${PUBLIC_URL}/graphiql/`])
  })

  it('and GraphiQL with its files', async () => {
    const redirect = await send(gateway, 'GET', `${prefix}/graphiql`, FORWARDED)
    expect(redirect.status).toBe(302)
    const page = new URL(String(redirect.headers.location), `${PUBLIC_URL}/graphiql`)
    expect(page.href).toBe(`${PUBLIC_URL}/graphiql/`)
    const { status, text } = await send(gateway, 'GET', `${prefix}/graphiql/`)
    expect(status).toBe(200)
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      ([, file = '']) => new URL(file, page).href,
    )
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) {
      expect(file.startsWith(`${PUBLIC_URL}/graphiql/`)).toBe(true)
      const answer = await send(gateway, 'GET', file.replace(PUBLIC_URL, prefix))
      expect([file, answer.status]).toEqual([file, 200])
    }
  })

  it('GraphQL and the health of the gateway answer as well', async () => {
    const graphql = await send(gateway, 'POST', `${prefix}/graphql`, FORWARDED, {
      query: `{ webhookEndpoint(id: ${id}) { id } }`,
    })
    expect(JSON.parse(graphql.text)).toEqual({ data: { webhookEndpoint: { id: String(id) } } })
    for (const path of ['/healthz', '/readyz']) {
      expect((await send(gateway, 'GET', prefix + path)).status).toBe(200)
    }
  })

  it('the start prints the public URL, and signs in below it', () => {
    expect(gateway.output()).toContain(`\nPublic     ${PUBLIC_URL}/\n`)
    expect(gateway.output()).toContain(`\nSign in    ${PUBLIC_URL}/graphiql/#code=`)
  })

  it("a path that is nobody's is not found", async () => {
    for (const path of ['/webhooks2/graphql', '/webhooks/webhooks/healthz', '/webhooks/nothing']) {
      expect((await send(gateway, 'GET', path)).status).toBe(404)
    }
  })
})

describe('without a public URL', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway()
    await gateway.createEndpoint()
    await gateway.createEndpoint()
  })
  afterAll(() => gateway?.stop())

  it('links are as asked, whatever a proxy claims', async () => {
    const page = await send(gateway, 'GET', '/api/v2/webhook/endpoint/?limit=1', {
      ...FORWARDED,
      host: 'asked.example:8080',
    })
    expect(JSON.parse(page.text).next).toBe(
      'http://asked.example:8080/api/v2/webhook/endpoint/?limit=1&offset=1',
    )
    const created = await send(gateway, 'POST', '/api/v2/webhook/endpoint/', FORWARDED, ENDPOINT)
    expect(created.headers.location).toBe(`/api/v2/webhook/endpoint/${JSON.parse(created.text).id}/`)
    const root = await send(gateway, 'GET', '/', FORWARDED)
    expect([root.status, root.headers.location]).toEqual([302, '/graphiql/'])
  })
})
