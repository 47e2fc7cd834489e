import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from '../support/chromium'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { atEnd } from '../support/leftovers'

let gateway: TestGateway
let browser: BrowserContext
let listed: string
let unlisted: string

beforeAll(async () => {
  listed = await servePage()
  unlisted = await servePage()
  gateway = await startTestGateway({ HOOKGATE_CORS_ORIGINS: listed })
  browser = await startChromium()
}, 60_000)
afterAll(() => gateway?.stop())

/** An empty page of another origin than the gateway. */
async function servePage(): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<title>App</title>')
  }).listen(0, '127.0.0.1')
  atEnd(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function open(origin: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(origin)
  return page
}

interface Call {
  path: string
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** Calls the gateway by `fetch` in the page; undefined = the browser does not let the page have the answer. */
const call = (page: Page, { path, method = 'GET', headers = {}, body }: Call) =>
  page.evaluate(
    async ([url, init]) => {
      const response = await fetch(url, init).catch(() => undefined)
      if (!response) return undefined
      const text = await response.text()
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        json: text === '' ? undefined : JSON.parse(text),
      }
    },
    [
      gateway.url + path,
      { method, headers: { authorization: `Bearer ${gateway.adminToken}`, ...headers }, body },
    ] as const,
  )

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a page of a listed origin', () => {
  it('calls the REST API and reads the headers that it needs', async () => {
    const page = await open(listed)
    const json = { target: 'http://127.0.0.1:9999/', events: [{ type: 'post.created' }] }
    const body = JSON.stringify(json)
    const created = await call(page, {
      path: '/api/v2/webhook/endpoint/',
      method: 'POST',
      headers: JSON_TYPE,
      body,
    })
    expect(created?.status).toBe(201)
    const path = created?.headers.location ?? ''
    expect(path).toBe(`/api/v2/webhook/endpoint/${created?.json.id}/`)
    expect(created?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)

    const patch = (tag: string, method = 'PATCH') =>
      call(page, {
        path,
        method,
        headers: { ...JSON_TYPE, 'if-match': tag },
        body: method === 'PATCH' ? '{"is_active": false}' : body,
      })
    const patched = await patch(created?.headers.etag ?? '')
    expect([patched?.status, patched?.headers.etag]).toEqual([200, '"2"'])
    expect((await patch('"2"', 'PUT'))?.status).toBe(200)
    expect(await patch('"1"')).toMatchObject({
      status: 412,
      json: { errors: [{ code: 'version_conflict' }] },
    })
    expect((await call(page, { path, method: 'DELETE' }))?.status).toBe(204)
    await page.close()
  })

  it('queries and changes by GraphQL', async () => {
    const page = await open(listed)
    const query = { path: '/graphql?query=%7BwebhookEventTypes%7Btype%7D%7D' }
    expect(await call(page, query)).toMatchObject({ status: 200, json: { data: {} } })
    const body = JSON.stringify({ query: 'mutation { deleteWebhookEndpoint(id: 99999) { id } }' })
    expect(await call(page, { path: '/graphql', method: 'POST', headers: JSON_TYPE, body })).toMatchObject({
      json: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    })
    await page.close()
  })

  it('reads every error', async () => {
    const page = await open(listed)
    const endpoint = '/api/v2/webhook/endpoint/'
    for (const [status, asked] of [
      [401, { path: endpoint, headers: { authorization: 'Bearer x' } }],
      [404, { path: '/api/v2/nowhere/' }],
      [405, { path: endpoint, method: 'DELETE' }],
      [415, { path: endpoint, method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }],
      [400, { path: `${endpoint}?limit=x` }],
      [400, { path: '/graphql', method: 'POST', headers: JSON_TYPE, body: '{' }],
    ] as [number, Call][]) {
      const answer = await call(page, asked)
      expect([asked, answer?.status, answer?.json.errors.length]).toEqual([asked, status, 1])
      if (status === 401) expect(answer?.headers['www-authenticate']).toBe('Bearer')
    }
    await page.close()
  })
})

it('a page of another origin gets no answer and changes nothing', async () => {
  const { id } = await gateway.createEndpoint()
  const page = await open(unlisted)
  const path = `/api/v2/webhook/endpoint/${id}/`
  for (const asked of [
    { path },
    { path, method: 'DELETE' },
    { path, method: 'PATCH', headers: JSON_TYPE, body: '{"is_active": false}' },
    { path: '/graphql?query=%7B__typename%7D' },
  ]) {
    expect(await call(page, asked)).toBeUndefined()
  }
  expect((await gateway.rest('GET', `endpoint/${id}/`)).body.is_active).toBe(true)
  await page.close()
})
