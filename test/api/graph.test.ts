import { graphqlCodes } from '../support/answer-problems'
import { publish } from '../support/events'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

const EVENTS = 7
const SCHEDULE = { HOOKGATE_RETRY_SCHEDULE: '1' }

let gateway: TestGateway
let receiver: TestReceiver
let sound: string
let failing: string
/** oldest first */
let events: string[]

beforeAll(async () => {
  gateway = await startTestGateway(SCHEDULE)
  receiver = await startReceiver()
  receiver.answer = ({ path }) =>
    path.endsWith('/sound') ? { status: 200, body: 'thanks' } : { status: 500, body: 'broken' }
  sound = String((await gateway.createEndpoint({ target: `${receiver.url}/sound` })).id)
  failing = String((await gateway.createEndpoint({ target: `${receiver.url}/failing` })).id)
  events = []
  for (let nth = 0; nth < EVENTS; nth += 1) events.push(String(await publish(gateway, { nth })))
  const all = '{ webhookDeliveries(filter: { status: [PENDING] }) { nodes { id } } }'
  await until(async () => (await read(all)).webhookDeliveries.nodes.length === 0)
})
afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
})

async function read(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await gateway.gql(query, variables)
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

const LISTS = {
  webhookAttempts: ['WebhookAttemptFilter', 'id createdAt'],
  webhookDeliveries: ['WebhookDeliveryFilter', 'id createdAt'],
  webhookEvents: ['WebhookEventFilter', 'id createdAt'],
} as const

type List = keyof typeof LISTS

/** Cursors of the right form that no edge can have. */
const FORGED: Record<List, string[]> = {
  webhookAttempts: [
    'attempt 999999999999999999 1',
    'attempt 300000000000000 1',
    'attempt 1',
    'attempt 1 1 1',
    'attempt -1 1',
  ],
  webhookDeliveries: ['delivery 1 9999999999', 'delivery 999999999999999999 1', 'delivery 1 x'],
  webhookEvents: ['event 999999999999999999 1', 'event 1 999999999999999999', 'attempt 1 1'],
}

interface Page {
  nodes: { id: string; createdAt: string }[]
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
  totalCount: number | null
}

const documentOf = (list: List) => `query ($filter: ${LISTS[list][0]}, $first: Int, $after: String) {
  ${list}(filter: $filter, first: $first, after: $after) {
    nodes { ${LISTS[list][1]} } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}`

const pageOf = async (list: List, variables: Record<string, unknown>): Promise<Page> =>
  (await read(documentOf(list), variables))[list]

/** The ids of a list, read page by page. */
async function idsOf(list: List, filter: object, first: number): Promise<string[]> {
  const ids: string[] = []
  let after: string | null = null
  for (;;) {
    const { nodes, pageInfo }: Page = await pageOf(list, { filter, first, after })
    ids.push(...nodes.map(({ id }) => id))
    if (!pageInfo.hasNextPage) return ids
    expect(pageInfo.endCursor).not.toBe(after)
    after = pageInfo.endCursor
  }
}

describe.each(Object.keys(LISTS) as List[])('%s', (list) => {
  it('are the same in pages of any size, newest first, each once', async () => {
    const whole = await pageOf(list, { first: 100 })
    const ids = whole.nodes.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(EVENTS)
    const times = whole.nodes.map(({ createdAt }) => Date.parse(createdAt))
    expect(times).toEqual([...times].sort((a, b) => b - a))
    for (const first of [1, 2, 3, ids.length]) expect(await idsOf(list, {}, first)).toEqual(ids)
  })

  it('have the pageInfo of Relay, and a total', async () => {
    const { nodes, edges, pageInfo, totalCount } = await pageOf(list, { first: 2 })
    expect(edges.map(({ node }) => node.id)).toEqual(nodes.map(({ id }) => id))
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[1]?.cursor,
    })
    expect(totalCount).toBe((await idsOf(list, {}, 100)).length)
    const next = await pageOf(list, { first: 100, after: pageInfo.endCursor })
    expect(next.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  })

  it('refuse a foreign cursor and a size out of range', async () => {
    const other = list === 'webhookEvents' ? 'webhookAttempts' : 'webhookEvents'
    const { pageInfo } = await pageOf(other, { first: 1 })
    for (const after of [
      '',
      'x',
      '!',
      pageInfo.endCursor,
      ...FORGED[list].map((text) => Buffer.from(text).toString('base64url')),
    ]) {
      const { errors } = await gateway.gql(documentOf(list), { after })
      expect(errors?.[0]?.extensions?.problems).toEqual([
        { path: ['after'], code: 'INVALID_CURSOR', message: expect.any(String) },
      ])
    }
    for (const first of [0, -1, 101]) {
      const { errors } = await gateway.gql(documentOf(list), { first })
      expect(errors?.[0]?.extensions?.problems).toMatchObject([{ path: ['first'], code: 'OUT_OF_RANGE' }])
    }
  })

  it('of a span of time begin at since and end before until', async () => {
    const all = (await pageOf(list, { first: 100 })).nodes
    const times = [...new Set(all.map(({ createdAt }) => createdAt))].sort()
    const [since, until] = [times[1], times.at(-2)]
    const expected = all.filter(({ createdAt }) => createdAt >= `${since}` && createdAt < `${until}`)
    for (const first of [2, 100]) {
      expect(await idsOf(list, { since, until }, first)).toEqual(expected.map(({ id }) => id))
    }
    expect((await pageOf(list, { filter: { since, until } })).totalCount).toBe(expected.length)
    expect(await idsOf(list, { since: until, until }, 10)).toEqual([])
    const { errors } = await gateway.gql(documentOf(list), { filter: { since: until, until: since } })
    expect(errors?.[0]?.extensions?.problems).toMatchObject([
      { path: ['filter', 'until'], code: 'OUT_OF_RANGE' },
    ])
  })

  it('of any span that a client can name are a list', async () => {
    const ever = { since: '0000-01-01T00:00:00Z', until: '9999-12-31T23:59:59-01:00' }
    expect(await idsOf(list, ever, 100)).toEqual(await idsOf(list, {}, 100))
    expect(await idsOf(list, { until: ever.since }, 100)).toEqual([])
    expect(await idsOf(list, { since: ever.until }, 100)).toEqual([])
  })

  it('are not shifted by new ones', async () => {
    const before = await idsOf(list, {}, 100)
    const { pageInfo } = await pageOf(list, { first: 2 })
    const id = await publish(gateway)
    await untilEnded(id)
    const rest = await pageOf(list, { first: 100, after: pageInfo.endCursor })
    expect(rest.nodes.map((node) => node.id)).toEqual(before.slice(2))
  })
})

async function untilEnded(eventId: number | string) {
  await until(async () => {
    const nodes = (await read(`{ webhookDeliveries(filter: { eventId: ${eventId} }) { nodes { status } } }`))
      .webhookDeliveries.nodes
    return nodes.length > 0 && nodes.every(({ status }: { status: string }) => status !== 'PENDING')
  })
}

describe('filters', () => {
  const count = async (list: List, filter: object) => (await idsOf(list, filter, 100)).length

  it('of attempts', async () => {
    const ofEvent = { eventId: events[0] }
    expect(await count('webhookAttempts', ofEvent)).toBe(3)
    expect(await count('webhookAttempts', { ...ofEvent, endpointId: failing })).toBe(2)
    expect(await count('webhookAttempts', { ...ofEvent, outcome: ['DELIVERED'] })).toBe(1)
    expect(await count('webhookAttempts', { ...ofEvent, outcome: ['FAILED', 'BUSY'] })).toBe(2)
    expect(await count('webhookAttempts', { ...ofEvent, error: ['HTTP_STATUS', 'DNS'] })).toBe(2)
    expect(await count('webhookAttempts', { ...ofEvent, error: ['DNS'] })).toBe(0)
    expect(
      await count('webhookAttempts', { ...ofEvent, responseStatusFrom: 500, responseStatusTo: 500 }),
    ).toBe(2)
    expect(await count('webhookAttempts', { ...ofEvent, responseStatusTo: 499 })).toBe(1)
    expect(await count('webhookAttempts', { ...ofEvent, trigger: ['SCHEDULE'] })).toBe(3)
    expect(await count('webhookAttempts', { ...ofEvent, trigger: ['TEST', 'RESEND'] })).toBe(0)
    expect(await count('webhookAttempts', { ...ofEvent, eventType: 'post.created' })).toBe(3)
    expect(await count('webhookAttempts', { ...ofEvent, eventType: 'post.deleted' })).toBe(0)
    for (const empty of ['outcome', 'error', 'trigger'])
      expect(await count('webhookAttempts', { [empty]: [] })).toBe(0)
    for (const unknown of ['999999', 'x', '0']) {
      expect(await count('webhookAttempts', { eventId: unknown })).toBe(0)
      expect(await count('webhookAttempts', { endpointId: unknown })).toBe(0)
    }
  })

  it('of deliveries', async () => {
    const ofEvent = { eventId: events[0] }
    expect(await idsOf('webhookDeliveries', ofEvent, 1)).toEqual([
      `${events[0]}-${failing}`,
      `${events[0]}-${sound}`,
    ])
    expect(await idsOf('webhookDeliveries', { ...ofEvent, status: ['FAILED'] }, 1)).toEqual([
      `${events[0]}-${failing}`,
    ])
    expect(await idsOf('webhookDeliveries', { ...ofEvent, endpointId: sound }, 1)).toEqual([
      `${events[0]}-${sound}`,
    ])
    expect(await count('webhookDeliveries', { ...ofEvent, status: [] })).toBe(0)
    expect(await count('webhookDeliveries', { ...ofEvent, status: ['PENDING', 'CANCELLED'] })).toBe(0)
    expect(await count('webhookDeliveries', { ...ofEvent, eventType: 'post.deleted' })).toBe(0)
    expect(
      await count('webhookDeliveries', {
        endpointId: sound,
        status: ['DELIVERED'],
        eventType: 'post.created',
      }),
    ).toBe(await count('webhookDeliveries', { endpointId: sound }))
  })

  it('of events', async () => {
    const other = await publish(gateway, {}, 'user.created')
    expect(await idsOf('webhookEvents', { type: 'user.created' }, 1)).toEqual([String(other)])
    const { sendTestWebhookEvent } = await read(
      `mutation { sendTestWebhookEvent(endpointId: ${sound}) { trigger outcome event { id isTest } delivery { status triesUsed } } }`,
    )
    expect(sendTestWebhookEvent).toMatchObject({
      trigger: 'TEST',
      outcome: 'DELIVERED',
      event: { isTest: true },
    })
    expect(await idsOf('webhookEvents', { isTest: true }, 5)).toEqual([sendTestWebhookEvent.event.id])
    expect(await count('webhookEvents', { isTest: false, type: 'user.created' })).toBe(1)
  })
})

describe('the graph', () => {
  it('can be walked from an event to its endpoints and back', async () => {
    const { webhookEvent } = await read(
      `query ($id: ID!) { webhookEvent(id: $id) { isTest deliveries(first: 5) { totalCount nodes {
        id createdAt status attemptCount triesUsed event { id createdAt body }
        endpoint { id attempts(first: 5, filter: { eventId: $id }) { nodes { id } } deliveries(first: 1, filter: { eventId: $id }) { nodes { id } } }
        attempts(first: 5) { totalCount nodes { id number trigger outcome responseStatus responseBody requestBody delivery { id } event { id } endpoint { id } } }
      } } } }`,
      { id: events[2] },
    )
    const [toFailing, toSound] = webhookEvent.deliveries.nodes
    expect(webhookEvent.deliveries.totalCount).toBe(2)
    expect(toSound).toMatchObject({
      id: `${events[2]}-${sound}`,
      status: 'DELIVERED',
      attemptCount: 1,
      triesUsed: 1,
    })
    expect(toFailing).toMatchObject({
      id: `${events[2]}-${failing}`,
      status: 'FAILED',
      attemptCount: 2,
      triesUsed: 2,
    })
    expect(toFailing.createdAt).toBe(toFailing.event.createdAt)
    expect(toFailing.endpoint.deliveries.nodes).toEqual([{ id: toFailing.id }])
    expect(toFailing.attempts.totalCount).toBe(2)
    expect(toFailing.attempts.nodes).toMatchObject([
      { number: 2, outcome: 'FAILED', responseStatus: 500, responseBody: 'broken' },
      { number: 1, trigger: 'SCHEDULE' },
    ])
    expect(toFailing.endpoint.attempts.nodes).toEqual(
      toFailing.attempts.nodes.map(({ id }: { id: string }) => ({ id })),
    )
    expect(toSound.attempts.nodes).toMatchObject([
      {
        responseBody: 'thanks',
        requestBody: toSound.event.body,
        delivery: { id: toSound.id },
        event: { id: events[2] },
        endpoint: { id: sound },
      },
    ])
  })

  it('is entered at an attempt and at a delivery, whose ids are refused when they are none', async () => {
    const [id] = await idsOf('webhookAttempts', { eventId: events[1], endpointId: sound }, 1)
    const query = `query ($attempt: ID!, $delivery: ID!) {
      webhookAttempt(id: $attempt) { id number event { id } }
      webhookDelivery(id: $delivery) { id status }
    }`
    expect(await read(query, { attempt: id, delivery: `${events[1]}-${sound}` })).toEqual({
      webhookAttempt: { id, number: 1, event: { id: events[1] } },
      webhookDelivery: { id: `${events[1]}-${sound}`, status: 'DELIVERED' },
    })
    expect(await read('{ webhookAttempt(id: 999999) { id } }')).toEqual({ webhookAttempt: null })
    for (const unknown of ['x', '0', '999999', '1-999999', '1-2-3', `${events[1]}-`, '-1', '9'.repeat(30)]) {
      expect(await read(query, { attempt: `${unknown}x`, delivery: unknown })).toEqual({
        webhookAttempt: null,
        webhookDelivery: null,
      })
    }
  })

  it('reaches a deleted endpoint from its deliveries, and tells resends apart', async () => {
    const gone = String((await gateway.createEndpoint({ target: `${receiver.url}/sound` })).id)
    expect(
      (await gateway.rest('POST', `endpoint/${gone}/event/resend/`, { json: { event: Number(events[0]) } }))
        .status,
    ).toBe(204)
    await untilEnded(`${events[0]}`)
    await gateway.rest('DELETE', `endpoint/${gone}/`)
    const { webhookDelivery } = await read(
      'query ($id: ID!) { webhookDelivery(id: $id) { endpoint { id target } attempts { nodes { trigger outcome } } } }',
      { id: `${events[0]}-${gone}` },
    )
    expect(webhookDelivery).toEqual({
      endpoint: { id: gone, target: `${receiver.url}/sound` },
      attempts: { nodes: [{ trigger: 'RESEND', outcome: 'DELIVERED' }] },
    })
  })

  it('is closed to publishers, branch by branch', async () => {
    const publisher = tokenFor({ role: 'publisher' })
    for (const field of ['webhookEvents', 'webhookDeliveries', 'webhookAttempts']) {
      expect(graphqlCodes(await gateway.gql(`{ ${field} { nodes { id } } }`, {}, publisher))).toEqual([
        'FORBIDDEN',
      ])
    }
  })
})
