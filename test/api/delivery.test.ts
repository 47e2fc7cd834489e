import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import { version } from '../../src/version'
import { ATTEMPTS, EVENT, EXPIRE, PUBLISH, REVEAL } from '../support/event-documents'
import { attemptsOf, deliveriesOf, publish } from '../support/events'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { type Received, startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

const publisher = tokenFor({ role: 'publisher', sub: 'shop' })

let gateway: TestGateway
let receiver: TestReceiver
let endpointId: number

beforeAll(async () => {
  gateway = await startTestGateway()
})
beforeEach(async () => {
  receiver = await startReceiver()
  endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
})
afterEach(async () => {
  await gateway.rest('DELETE', `endpoint/${endpointId}/`)
  await receiver.close()
})
afterAll(() => gateway?.stop())

/** Waits for an event to arrive. */
async function arrival(eventId: number): Promise<Received> {
  await until(() => receiver.eventIds().includes(eventId))
  return receiver.received.find((received) => received.eventId === eventId) as Received
}

describe('publishing', () => {
  it.each([
    ['an admin', () => gateway.adminToken],
    ['a publisher', () => publisher],
  ])(
    'by REST is for %s: 201 with event_id, type and created, as the receiver gets them',
    async (_who, token) => {
      const json = { type: 'post.created', data: { id: 7, text: 'Hello' } }
      const { status, body } = await gateway.rest('POST', 'event/', { token: token(), json })
      expect(status).toBe(201)
      expect(body).toEqual({
        event_id: expect.any(Number),
        type: 'post.created',
        created: expect.any(Number),
      })
      expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(60)
      const { headers, path, ...webhook } = await arrival(body.event_id)
      expect(JSON.parse(webhook.body)).toEqual({ ...body, data: json.data })
      expect(Object.keys(JSON.parse(webhook.body))).toEqual(['event_id', 'type', 'created', 'data'])
      expect(path).toBe('/hook')
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': `Hookgate/${version}`,
        'content-length': String(Buffer.byteLength(webhook.body)),
        'webhook-id': `evt_${body.event_id}`,
      })
    },
  )

  it.each([
    ['an admin', () => gateway.adminToken],
    ['a publisher', () => publisher],
  ])('by GraphQL is for %s', async (_who, token) => {
    const input = { type: 'post.created', data: { id: 7 } }
    const { data, errors } = await gateway.gql(PUBLISH, { input }, token())
    expect(errors).toBeUndefined()
    const { event, deduplicated } = data.publishWebhookEvent
    expect([event, deduplicated]).toMatchObject([
      { type: 'post.created', data: { id: 7 }, isTest: false },
      false,
    ])
    const { created, event_id: id } = JSON.parse((await arrival(Number(event.id))).body)
    expect(String(id)).toBe(event.id)
    expect(Math.floor(created * 1000)).toBe(Date.parse(event.createdAt))
  })

  it('reaches the active endpoints that listen to the type, and no other', async () => {
    const create = async (fields: object) =>
      (await gateway.createEndpoint({ target: receiver.url, ...fields })).id
    const both = await create({ events: [{ type: 'post.created' }, { type: 'post.deleted' }] })
    const other = await create({ events: [{ type: 'post.deleted' }] })
    const off = await create({ is_active: false })
    const deleted = await create({})
    await gateway.rest('DELETE', `endpoint/${deleted}/`)

    const reached = async (type: string) => {
      const deliveries = await deliveriesOf(gateway, await publish(gateway, {}, type))
      return deliveries.map(({ endpoint }) => Number(endpoint.id))
    }
    expect(await reached('post.created')).toEqual([endpointId, both])
    expect(await reached('post.deleted')).toEqual([both, other])
    expect(await reached('user.created')).toEqual([])

    await until(() => receiver.received.length === 4)
    // Events that are published while an endpoint is off never go to it.
    await gateway.rest('PATCH', `endpoint/${off}/`, { json: { is_active: true } })
    const last = await publish(gateway)
    await until(async () => (await deliveriesOf(gateway, last)).every(({ status }) => status === 'DELIVERED'))
    expect(receiver.received).toHaveLength(4 + 3)
    for (const id of [both, other, off]) await gateway.rest('DELETE', `endpoint/${id}/`)
  })
})

describe('a webhook', () => {
  const reveal = async () => {
    const { data } = await gateway.gql(REVEAL, { id: String(endpointId) })
    return data.revealWebhookEndpointSecret.signingSecret as string
  }
  const stripe = new Stripe('sk_test_of_nobody')

  /** The published libraries that accept a webhook by this secret. */
  function acceptedBy({ body, headers }: Received, secret: string) {
    const signature = headers['selfcommunity-signature'] ?? ''
    const verifiers = {
      standardwebhooks: () => new StandardWebhook(secret).verify(body, headers),
      svix: () => new SvixWebhook(secret).verify(body, headers),
      stripe: () => stripe.webhooks.constructEvent(body, signature, secret),
    }
    return Object.entries(verifiers).flatMap(([name, verify]) => {
      try {
        expect(verify()).toEqual(JSON.parse(body))
        return [name]
      } catch {
        return []
      }
    })
  }
  const ALL = ['standardwebhooks', 'svix', 'stripe']

  it('is the body that is logged, byte for byte, and signed as it is logged', async () => {
    const eventId = await publish(gateway, { text: 'Grüße, 世界 👋', nested: [{ a: null }] })
    const { body, headers } = await arrival(eventId)
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 1)
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt?.requestBody).toBe(body)
    expect(attempt?.requestSignatureHeader).toBe(headers['selfcommunity-signature'])
    expect(acceptedBy({ body: attempt?.requestBody ?? '', headers } as Received, await reveal())).toEqual(ALL)
  })

  it('is verified by standardwebhooks, svix and stripe before, during and after an overlap of secrets', async () => {
    const first = await reveal()
    expect(acceptedBy(await arrival(await publish(gateway)), first)).toEqual(ALL)

    await gateway.gql(EXPIRE, { id: String(endpointId), overlapSeconds: 3600 })
    const second = await reveal()
    const during = await arrival(await publish(gateway))
    expect([acceptedBy(during, first), acceptedBy(during, second)]).toEqual([ALL, ALL])
    expect(during.headers['selfcommunity-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
    expect(during.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)

    // Without an overlap all earlier secrets end at once.
    await gateway.gql(EXPIRE, { id: String(endpointId) })
    const third = await reveal()
    const after = await arrival(await publish(gateway))
    expect([first, second, third].map((secret) => acceptedBy(after, secret))).toEqual([[], [], ALL])
  })

  it('is signed by the old secret until the overlap ends, and no longer', async () => {
    const first = await reveal()
    await gateway.gql(EXPIRE, { id: String(endpointId), overlapSeconds: 1 })
    const second = await reveal()
    let latest: Received
    do {
      latest = await arrival(await publish(gateway))
      expect(acceptedBy(latest, second)).toEqual(ALL)
    } while (acceptedBy(latest, first).length > 0)
    expect(latest.headers['webhook-signature']).not.toContain(' ')
  })
})

describe('attempts', () => {
  it('are listed by REST with the documented fields', async () => {
    receiver.answer = () => ({ status: 200, body: 'thank you' })
    const { body: published } = await gateway.rest('POST', 'event/', {
      json: { type: 'post.created', data: 1 },
    })
    const { body, headers } = await arrival(published.event_id)
    const path = `endpoint/${endpointId}/attempt/`
    await until(async () => (await gateway.rest('GET', path)).body.count === 1)
    const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect((await gateway.rest('GET', path)).body).toEqual({
      count: 1,
      next: null,
      previous: null,
      results: [
        {
          id: expect.any(Number),
          number: 1,
          created_at: instant,
          event: { id: published.event_id, type: 'post.created', added_at: instant },
          sent_at: instant,
          http_request_body: body,
          http_request_signature_header: headers['selfcommunity-signature'],
          http_response_code: 200,
          http_response_body: 'thank you',
          error: null,
          error_detail: null,
          next_retry: null,
        },
      ],
    })
  })

  it('are listed by GraphQL with number, duration, error and next retry', async () => {
    receiver.answer = () => ({ status: 503, body: 'busy' })
    const eventId = await publish(gateway)
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 1)
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt).toMatchObject({
      number: 1,
      responseStatus: 503,
      responseBody: 'busy',
      responseTruncated: false,
      error: 'HTTP_STATUS',
      errorDetail: 'The receiver answered 503 Service Unavailable.',
      durationMs: expect.any(Number),
      sentAt: expect.any(String),
      nextRetryAt: expect.any(String),
      event: { id: String(eventId), type: 'post.created' },
    })
    const { data } = await gateway.gql(EVENT, { id: String(eventId) })
    const [delivery] = data.webhookEvent.deliveries.nodes
    expect(delivery).toMatchObject({ status: 'PENDING', attemptCount: 1, nextRetryAt: attempt?.nextRetryAt })
  })

  it('keep 64 KiB of an answer and say that it was longer', async () => {
    receiver.answer = () => ({ status: 200, body: 'x'.repeat(70_000) })
    await publish(gateway)
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 1)
    const [attempt] = await attemptsOf(gateway, endpointId)
    expect(attempt).toMatchObject({ responseTruncated: true, error: null })
    expect(attempt?.responseBody).toBe('x'.repeat(65_536))
  })

  it('come in the documented orders and pages, filtered by event, outcome and error', async () => {
    receiver.answer = (_request, nth) => (nth % 2 === 0 ? 204 : 500)
    for (let nth = 1; nth <= 5; nth += 1) {
      await publish(gateway)
      await until(async () => (await attemptsOf(gateway, endpointId)).length === nth)
    }
    const all = await attemptsOf(gateway, endpointId)
    const ids = all.map(({ id }) => Number(id))
    const failures = all.filter(({ error }) => error !== null)
    const failed = failures.map(({ id }) => Number(id))
    const byRetry = failures
      .sort((a, b) => Date.parse(a.nextRetryAt ?? '') - Date.parse(b.nextRetryAt ?? ''))
      .map(({ id }) => Number(id))
    const sound = ids.filter((id) => !failed.includes(id))
    const list = async (query: string) => {
      const { body } = await gateway.rest('GET', `endpoint/${endpointId}/attempt/?${query}`)
      return body.results.map(({ id }: { id: number }) => id)
    }
    expect(await list('')).toEqual([...ids].reverse())
    expect(await list('ordering=-created_at')).toEqual([...ids].reverse())
    expect(await list('ordering=created_at')).toEqual(ids)
    expect(await list('ordering=sent_at')).toEqual(ids)
    expect(await list('ordering=-sent_at')).toEqual([...ids].reverse())
    expect(await list('ordering=next_retry')).toEqual([...byRetry, ...sound])
    expect(await list('ordering=-next_retry')).toEqual([...[...sound].reverse(), ...[...byRetry].reverse()])

    const { body } = await gateway.rest(
      'GET',
      `endpoint/${endpointId}/attempt/?ordering=created_at&limit=2&offset=2`,
    )
    expect([body.count, body.results.map(({ id }: { id: number }) => id)]).toEqual([5, ids.slice(2, 4)])
    expect(new URL(body.next).search).toBe('?ordering=created_at&limit=2&offset=4')
    expect(new URL(body.previous).search).toBe('?ordering=created_at&limit=2')

    const filtered = async (filter: Record<string, unknown>) =>
      (await attemptsOf(gateway, endpointId, filter)).map(({ id }) => Number(id))
    expect(await filtered({ outcome: ['DELIVERED'] })).toEqual(sound)
    expect(await filtered({ outcome: ['FAILED'] })).toEqual(failed)
    expect(await filtered({ error: 'HTTP_STATUS' })).toEqual(failed)
    expect(await filtered({ error: 'TIMEOUT' })).toEqual([])
    expect(await filtered({ error: ['HTTP_STATUS'], outcome: ['DELIVERED'] })).toEqual([])
    expect(await filtered({ eventId: all[1]?.event.id })).toEqual([ids[1]])
  })

  it.each(['limit=0', 'offset=-1', 'limit=x', 'ordering=id', 'ordering=target'])(
    'refuse %s with 400',
    async (query) => {
      expect((await gateway.rest('GET', `endpoint/${endpointId}/attempt/?${query}`)).status).toBe(400)
    },
  )

  it('of an unknown endpoint are not found', async () => {
    for (const id of ['999999', 'abc']) {
      expect((await gateway.rest('GET', `endpoint/${id}/attempt/`)).status).toBe(404)
      expect((await gateway.gql(ATTEMPTS, { id })).errors?.[0]?.extensions?.code).toBe('NOT_FOUND')
    }
  })
})
