import { Webhook } from 'standardwebhooks'
import builtIn from '../../src/endpoints/event-types/event-types.json'
import { attemptsOf, deliveryOf, publish } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

// The published client, unmodified. It is CommonJS and reads its base URL and headers from the axios configuration.
const { WebhookService } = require('@selfcommunity/api-services')

let gateway: TestGateway
let receiver: TestReceiver
let config: { baseURL: string; headers: Record<string, string> }
beforeAll(async () => {
  gateway = await startTestGateway()
  receiver = await startReceiver()
  config = { baseURL: gateway.url, headers: { Authorization: `Bearer ${gateway.adminToken}` } }
})
afterAll(async () => {
  await gateway.stop()
  await receiver.close()
})

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
    expect(types).toHaveLength(builtIn.length)
    expect(types).toEqual([...types].sort())
    expect(types).toContain('post.created')
  })

  it('lists the attempts of an endpoint and resends its events, one and several', async () => {
    const { id } = await WebhookService.createWebhookEndpoint({ target: receiver.url, events }, config)
    const published = [await publish(gateway), await publish(gateway)]
    await until(async () => (await attemptsOf(gateway, id)).length === 2)

    const page = await WebhookService.getAllWebhookEndpointAttempts(id, config)
    expect(page).toMatchObject({ count: 2, next: null, previous: null })
    expect(page.results.map((attempt: { event: { id: number } }) => attempt.event.id).sort()).toEqual(
      published,
    )

    // A 204 has no body: the client returns an empty text.
    expect(await WebhookService.resendWebhookEndpointEvent(id, published[0], config)).toBeFalsy()
    await until(async () => (await attemptsOf(gateway, id)).length === 3)
    expect(await WebhookService.resendMultipleWebhookEndpointEvent(id, published, config)).toBeFalsy()
    await until(async () => (await attemptsOf(gateway, id)).length === 5)
    for (const [index, attempts] of [3, 2].entries()) {
      const delivery = await deliveryOf(gateway, published[index] ?? 0)
      expect(delivery).toMatchObject({ status: 'DELIVERED', attemptCount: attempts })
    }
    await expect(WebhookService.resendWebhookEndpointEvent(id, 999_999, config)).rejects.toMatchObject({
      response: { status: 400 },
    })
    await WebhookService.deleteWebhookEndpoint(id, config)
  })

  it('reveals and expires the signing secret that the deliveries are signed with', async () => {
    const created = await WebhookService.createWebhookEndpoint({ target: receiver.url, events }, config)
    const { signing_secret: before } = await WebhookService.revealWebhookSigningSecret(created.id, config)
    expect(before).toMatch(/^whsec_/)
    expect(await WebhookService.expireWebhookSigningSecret(created.id, config)).toEqual(created)
    const { signing_secret: after } = await WebhookService.revealWebhookSigningSecret(created.id, config)
    expect(after).not.toBe(before)

    const eventId = await publish(gateway)
    await until(() => receiver.eventIds().includes(eventId))
    const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: '' }
    expect(new Webhook(after).verify(body, headers)).toMatchObject({ event_id: eventId })
    expect(() => new Webhook(before).verify(body, headers)).toThrow()
  })
})
