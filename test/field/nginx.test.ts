import { type AddressInfo, connect, createServer } from 'node:net'
import type { BrowserContext } from 'playwright-core'
import { startChromium, watchPage } from '../support/chromium'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { atEnd } from '../support/leftovers'
import { freePort } from '../support/private-postgres'
import { documentedBlock, HOST, type Nginx, startNginx } from './nginx'

const ENDPOINT = JSON.stringify({
  target: 'http://127.0.0.1:9999/hook',
  events: [{ type: 'post.created' }],
})
const JSON_TYPE = { 'content-type': 'application/json' }

/** A gateway behind nginx. `api` is the public address of the REST API. */
interface Site {
  gateway: TestGateway
  nginx: Nginx
  publicUrl: string
  api: string
  /** Sends a request with the admin's token. */
  send: Nginx['send']
}

type Block = (upstream: string) => string

async function startSite(path: string, block: Block, before?: Block): Promise<Site> {
  const port = await freePort()
  const publicUrl = `https://${HOST}:${port}${path}`
  const gateway = await startTestGateway({ HOOKGATE_PUBLIC_URL: publicUrl })
  const upstream = new URL(gateway.url).host
  const nginx = await startNginx(port, block(upstream), before?.(upstream))
  const authorization = `Bearer ${gateway.adminToken}`
  return {
    gateway,
    nginx,
    publicUrl,
    api: `${publicUrl}/api/v2/webhook`,
    send: (method, url, headers, body) => nginx.send(method, url, { authorization, ...headers }, body),
  }
}

const SITES: [name: string, path: string, block: Block][] = [
  ['as documented, on a host of its own', '', (upstream) => documentedBlock('/', upstream)],
  ['as documented, on a sub-path', '/webhooks', (upstream) => documentedBlock('/webhooks/', upstream)],
  // Host is then the address of the gateway, and each request has a connection of its own.
  [
    'with the defaults of nginx',
    '/webhooks',
    (upstream) => `location /webhooks/ { proxy_pass http://${upstream}/; }`,
  ],
  [
    'that keeps the sub-path',
    '/webhooks',
    (upstream) => `location /webhooks { proxy_pass http://${upstream}; }`,
  ],
]

let browser: BrowserContext
beforeAll(async () => {
  browser = await startChromium([HOST])
}, 60_000)

describe.each(SITES)('behind nginx %s', (_name, path, block) => {
  let site: Site
  beforeAll(async () => {
    site = await startSite(path, block)
  })
  afterAll(() => site?.gateway.stop())

  it('every link and Location leads through the proxy', async () => {
    const locations: string[] = []
    for (let nth = 0; nth < 3; nth += 1) {
      const { status, headers } = await site.send('POST', `${site.api}/endpoint/`, JSON_TYPE, ENDPOINT)
      expect(status).toBe(201)
      locations.push(String(headers.location))
    }
    for (const location of locations) {
      expect(location.startsWith(`${site.api}/endpoint/`)).toBe(true)
      expect((await site.send('GET', location)).status).toBe(200)
    }
    let seen = 0
    let next: string | null = `${site.api}/endpoint/?limit=1`
    while (next !== null) {
      const { status, text } = await site.send('GET', next)
      expect(status).toBe(200)
      const page: { next: string | null; previous: string | null } = JSON.parse(text)
      for (const link of [page.next, page.previous]) {
        if (link !== null) expect(link.startsWith(`${site.api}/endpoint/?limit=1`)).toBe(true)
      }
      next = page.next
      seen += 1
    }
    expect(seen).toBe(3)
  })

  it('a change names its version by the tag that nginx made of ours', async () => {
    const created = await site.send('POST', `${site.api}/endpoint/`, JSON_TYPE, ENDPOINT)
    const location = String(created.headers.location)
    const read = await site.send('GET', location, { 'accept-encoding': 'gzip' })
    const tag = String(read.headers.etag)
    expect([read.headers['content-encoding'], tag]).toEqual(['gzip', 'W/"1"'])

    const unchanged = await site.send('GET', location, { 'if-none-match': tag, 'accept-encoding': 'gzip' })
    expect(unchanged.status).toBe(304)
    const patch = () =>
      site.send(
        'PATCH',
        location,
        { ...JSON_TYPE, 'if-match': tag, 'accept-encoding': 'gzip' },
        '{"is_active": false}',
      )
    expect((await patch()).status).toBe(200)
    expect((await patch()).status).toBe(412)
  })

  it('GraphQL answers by POST and by GET', async () => {
    const post = await site.send(
      'POST',
      `${site.publicUrl}/graphql`,
      JSON_TYPE,
      '{"query": "{ __typename }"}',
    )
    const get = await site.send('GET', `${site.publicUrl}/graphql?query=%7B__typename%7D`)
    for (const { status, text } of [post, get]) {
      expect([status, JSON.parse(text)]).toEqual([200, { data: { __typename: 'Query' } }])
    }
  })

  it('a large body arrives, and one that is too large is answered by the gateway', async () => {
    const limit = 256 * 1024
    const body = (length: number) => ENDPOINT.padEnd(length, ' ')
    const arrived = await site.send('POST', `${site.api}/endpoint/`, JSON_TYPE, body(limit))
    expect(arrived.status).toBe(201)
    const refused = await site.send('POST', `${site.api}/endpoint/`, JSON_TYPE, body(limit + 1))
    expect([refused.status, JSON.parse(refused.text).errors[0].code]).toEqual([413, 'too_large'])
  })

  it('the root leads to GraphiQL, which loads all its files in a browser and works', async () => {
    const { body: endpoint } = await site.gateway.rest('GET', 'endpoint/?limit=1')
    expect(endpoint.results).toHaveLength(1)
    const page = await browser.newPage()
    const report = watchPage(page)
    await page.goto(`${site.publicUrl}/`)
    expect(page.url()).toBe(`${site.publicUrl}/graphiql/`)
    expect(await page.title()).toBe('GraphiQL · Hookgate')
    // The page reads the schema again with the token, a moment after the last keystroke.
    const authorization = `Bearer ${site.gateway.adminToken}`
    const schemaRead = page.waitForResponse(
      (response) => response.request().headers().authorization === authorization,
    )
    await page.getByLabel('Bearer token').fill(site.gateway.adminToken)
    await schemaRead
    await page.locator('.graphiql-query-editor').getByText('updateWebhookEndpoint').waitFor()
    const answered = page.waitForResponse((response) => response.url() === `${site.publicUrl}/graphql`)
    await page.getByRole('button', { name: 'Execute query' }).click()
    expect((await answered).status()).toBe(200)

    // Without a slash at its end the page is the same.
    const second = await browser.newPage()
    const secondReport = watchPage(second)
    await second.goto(`${site.publicUrl}/graphiql`)
    expect(second.url()).toBe(`${site.publicUrl}/graphiql/`)
    await second.locator('.graphiql-query-editor').getByText('updateWebhookEndpoint').waitFor()

    for (const loaded of [page, second]) await loaded.evaluate('document.fonts.ready.then(() => undefined)')
    expect(secondReport.failures).toEqual([])
    expect(report.complaints).toEqual([])
    expect(report.failures).toEqual([])
    const outside = [...report.urls].filter(
      (url) => !/^(data|blob):/.test(url) && !url.startsWith(`${site.publicUrl}/`),
    )
    expect(outside).toEqual([])
    await page.close()
    await second.close()
  })
})

describe('behind nginx with connections that are kept', () => {
  it('requests share them, refused ones too', async () => {
    let connections = 0
    let target = 0
    const counter = createServer((client) => {
      connections += 1
      const upstream = connect(target, '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const socket of [client, upstream]) socket.on('error', () => client.destroy().end())
    }).listen(0, '127.0.0.1')
    atEnd(() => counter.close())
    const site = await startSite(
      '/webhooks',
      () => documentedBlock('/webhooks/', 'hookgate'),
      (upstream) => {
        target = Number(new URL(`http://${upstream}`).port)
        return `upstream hookgate { server 127.0.0.1:${(counter.address() as AddressInfo).port}; keepalive 8; }`
      },
    )
    for (let nth = 0; nth < 20; nth += 1) {
      expect((await site.send('GET', `${site.api}/endpoint/`)).status).toBe(200)
      expect((await site.send('GET', `${site.api}/endpoint/999999/`)).status).toBe(404)
      expect((await site.nginx.send('GET', `${site.api}/endpoint/`)).status).toBe(401)
      const query = '{"query": "{ __typename }"}'
      expect((await site.send('POST', `${site.publicUrl}/graphql`, JSON_TYPE, query)).status).toBe(200)
    }
    expect(connections).toBe(1)
    await site.gateway.stop()
  })
})
