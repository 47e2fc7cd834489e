import { startTestGateway, type TestGateway } from '../support/gateway'

// The published client, unmodified. It is CommonJS and reads its base URL and headers from the axios configuration.
const { WebhookService } = require('@selfcommunity/api-services')

let gateway: TestGateway
let config: { baseURL: string; headers: Record<string, string> }
beforeAll(async () => {
  gateway = await startTestGateway()
  config = { baseURL: gateway.url, headers: { Authorization: `Bearer ${gateway.adminToken}` } }
})
afterAll(() => gateway.stop())

const target = 'http://127.0.0.1:9999/client'
const events = [{ type: 'post.created' }, { type: 'comment.created' }]

describe('@selfcommunity/api-services', () => {
  // It reports a refused request to the console as well.
  beforeAll(() => jest.spyOn(console, 'warn').mockImplementation())
  afterAll(() => jest.restoreAllMocks())

  it('creates, lists, gets, replaces, patches and deletes an endpoint', async () => {
    const created = await WebhookService.createWebhookEndpoint({ target, events, is_active: false }, config)
    expect(created).toMatchObject({
      id: expect.any(Number),
      target,
      is_active: false,
      ssl_cert_verification: true,
    })

    const page = await WebhookService.getAllWebhookEndpoints(config)
    expect(page).toEqual({ count: 1, next: null, previous: null, results: [created] })
    expect(await WebhookService.getASpecificWebhookEndpoint(created.id, config)).toEqual(created)

    const replaced = await WebhookService.updateASpecificWebhookEndpoint(
      created.id,
      { ...created, description: 'replaced' },
      config,
    )
    expect(replaced).toEqual({ ...created, description: 'replaced', updated_at: replaced.updated_at })

    const patched = await WebhookService.updateASingleWebhookEndpointField(
      created.id,
      { is_active: true },
      config,
    )
    expect(patched).toEqual({ ...replaced, is_active: true, updated_at: patched.updated_at })
    expect(await WebhookService.getASpecificWebhookEndpoint(created.id, config)).toEqual(patched)

    await WebhookService.deleteWebhookEndpoint(created.id, config)
    await expect(WebhookService.getASpecificWebhookEndpoint(created.id, config)).rejects.toMatchObject({
      response: { status: 404 },
    })
  })

  it('lists the event types', async () => {
    const types = await WebhookService.getAllWebhookEvents(config)
    expect(types).toHaveLength(97)
    expect(types).toEqual([...types].sort())
    expect(types).toContain('post.created')
  })
})
