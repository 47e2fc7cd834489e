import type { BrowserContext, Page } from 'playwright-core'
import { startChromium, watchPage } from '../support/chromium'
import { startTestGateway } from '../support/gateway'

const screenshot = process.env.HOOKGATE_SCREENSHOT

let gateway: Awaited<ReturnType<typeof startTestGateway>>
let browser: BrowserContext

beforeAll(async () => {
  gateway = await startTestGateway()
  browser = await startChromium()
}, 60_000)

afterAll(() => gateway?.stop())

/** The link that the gateway printed at its start. */
const printedLink = () => /Sign in +(\S+#code=\S+)/.exec(gateway.output())?.[1] ?? ''

describe('GraphiQL in a browser', () => {
  it('changes an endpoint with the printed link and the first tab it opens with', async () => {
    const created = await gateway.gql(
      'mutation ($input: WebhookEndpointInput!) { createWebhookEndpoint(input: $input) { id } }',
      { input: { target: 'http://127.0.0.1:9999/hook', events: [{ type: 'post.created' }] } },
    )
    const { id } = created.data.createWebhookEndpoint
    const page = await browser.newPage()
    const seen = watchPage(page)

    await page.goto(printedLink())
    expect(await page.title()).toBe('GraphiQL · Hookgate')
    await page.getByText('Signed in by the link').waitFor()
    expect(await page.getByLabel('Bearer token').inputValue()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)

    await page.locator('.graphiql-query-editor').getByText('updateWebhookEndpoint').waitFor()
    await pasteVariables(
      page,
      `{
  "id": "${id}",
  "patch": {
    "target": "http://127.0.0.1:9999/moved",
    "events": [{ "type": "comment.created" }]
  }
}`,
    )
    await page.getByRole('region', { name: 'Variables' }).getByText('http://127.0.0.1:9999/moved').waitFor()
    await page.keyboard.press('ControlOrMeta+Enter')
    await response(page).getByText('http://127.0.0.1:9999/moved').waitFor()
    await response(page).getByText('"comment.created"').waitFor()
    if (screenshot) await photograph(page, screenshot)

    const stored = await gateway.gql(
      'query ($id: ID!) { webhookEndpoint(id: $id) { target isActive events { type } } }',
      { id },
    )
    expect(stored.data.webhookEndpoint).toEqual({
      target: 'http://127.0.0.1:9999/moved',
      isActive: true,
      events: [{ type: 'comment.created' }],
    })
    expect(seen.complaints).toEqual([])
    expect(seen.failures).toEqual([])
    expect([...new Set([...seen.urls].map((url) => new URL(url).origin))]).toEqual([gateway.url])
    await page.close()
  }, 60_000)

  it('takes the code out of the address, and stays signed in when the page is loaded again', async () => {
    const page = await browser.newPage()
    await page.goto(printedLink())
    await page.getByText('Signed in by the link').waitFor()
    expect(page.url()).toBe(`${gateway.url}/graphiql/`)
    const code = printedLink().split('#code=')[1] ?? ''
    const kept = await page.evaluate(
      'JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])',
    )
    expect(kept).not.toContain(code)

    await page.reload()
    await page.getByText('Token set, sent with every request').waitFor()
    await page.getByRole('button', { name: 'Execute query' }).waitFor()
    expect(await page.getByLabel('Bearer token').inputValue()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)

    // Another tab has a session of its own, and the link works there too.
    const other = await browser.newPage()
    await other.goto(`${gateway.url}/graphiql/`)
    await other.getByText('Paste a token').waitFor()
    await other.evaluate(`location.hash = '#code=${code}'`)
    await other.getByText('Signed in by the link').waitFor()
    expect(other.url()).toBe(`${gateway.url}/graphiql/`)
    await other.close()
    await page.close()
  }, 60_000)

  it('needs a token without the link, and with the link of another start', async () => {
    const page = await browser.newPage()
    await page.goto(`${gateway.url}/graphiql/`)
    await page.getByText('Paste a token, or open the link that the gateway printed at its start.').waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('token')
    expect(await page.getByLabel('Bearer token').inputValue()).toBe('')
    await page.locator('.graphiql-query-editor').getByText('updateWebhookEndpoint').waitFor()
    await page.getByRole('button', { name: 'Execute query' }).click()
    await page.getByText('Refused by the gateway: UNAUTHENTICATED. Paste a token').waitFor()

    await page.goto('about:blank')
    await page.goto(`${gateway.url}/graphiql/#code=of-another-start`)
    await page.getByText('This link is not of the running gateway').waitFor()
    expect(page.url()).toBe(`${gateway.url}/graphiql/`)

    await page.getByLabel('Bearer token').fill(gateway.adminToken)
    await page.getByText('Token set, sent with every request').waitFor()
    await page.close()
  }, 60_000)

  it('sends a typed token instead, and says when the gateway refuses it', async () => {
    const page = await browser.newPage()
    await page.goto(printedLink())
    await page.locator('.graphiql-query-editor').getByText('updateWebhookEndpoint').waitFor()

    const schemaReadAgain = page.waitForRequest(
      (request) =>
        request.headers().authorization === 'Bearer no.such.token' &&
        String(request.postData()).includes('IntrospectionQuery'),
    )
    await page.getByLabel('Bearer token').fill('Bearer no.such.token')
    await schemaReadAgain
    await page.getByRole('button', { name: 'Execute query' }).click()
    await page.getByText('Token refused by the gateway: UNAUTHENTICATED').waitFor()
    await response(page).getByText('"UNAUTHENTICATED"').waitFor()

    await page.reload()
    expect(await page.getByLabel('Bearer token').inputValue()).toBe('no.such.token')
    await page.close()
  }, 60_000)
})

/** By way of the clipboard: what is typed, the editor indents and closes brackets for. */
async function pasteVariables(page: Page, json: string) {
  await browser.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(json)})`)
  await page.getByRole('region', { name: 'Variables' }).getByText('"patch"').click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.press('ControlOrMeta+V')
}

function response(page: Page) {
  return page.getByRole('region', { name: 'Result Window' })
}

async function photograph(page: Page, file: string) {
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: file, style: '.monaco-editor .scrollbar { visibility: hidden }' })
}
