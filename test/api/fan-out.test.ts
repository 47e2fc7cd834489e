import { openCore } from '../support/core'
import { attemptCount, publish } from '../support/events'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

/** More than a publisher waits for. */
const MANY = 620
const MANY_TYPE = 'post.created'
const FEW_TYPE = 'comment.created'

const PUBLISH = `mutation ($type: String!) {
  publishWebhookEvent(input: { type: $type, data: {} }) { event { id createdAt fannedOutAt } }
}`
const FANNED_OUT = 'query ($id: ID!) { webhookEvent(id: $id) { fannedOutAt } }'

let gateway: TestGateway
let receiver: TestReceiver

beforeAll(async () => {
  receiver = await startReceiver()
  const database = await createTestDatabase()
  const core = await openCore(database)
  await core.run('createEndpoints', MANY, receiver.url, MANY_TYPE)
  await core.run('createEndpoints', 3, receiver.url, FEW_TYPE)
  await core.close()
  gateway = await startTestGateway({}, database)
})
afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
})

async function publishEvent(
  type: string,
): Promise<{ id: string; createdAt: string; fannedOutAt: string | null }> {
  const { data } = await gateway.gql(PUBLISH, { type })
  return data.publishWebhookEvent.event
}

async function fannedOutAt(id: string): Promise<string | null> {
  const { data } = await gateway.gql(FANNED_OUT, { id })
  return data.webhookEvent.fannedOutAt
}

describe('An event that many endpoints listen to', () => {
  it('is answered before it is fanned out, and then reaches each of them once', async () => {
    const before = receiver.received.length
    const { id, createdAt, fannedOutAt: atFirst } = await publishEvent(MANY_TYPE)
    expect(atFirst).toBeNull()
    await until(() => receiver.received.length >= before + MANY)
    await until(async () => (await fannedOutAt(id)) !== null)
    expect(Date.parse((await fannedOutAt(id)) ?? '')).toBeGreaterThanOrEqual(Date.parse(createdAt))

    // A second delivery would arrive before a later event.
    const few = await publish(gateway, {}, FEW_TYPE)
    await until(() => receiver.eventIds().filter((eventId) => eventId === few).length === 3)
    const arrived = receiver.received.filter(({ eventId }) => String(eventId) === id)
    expect(arrived).toHaveLength(MANY)
    expect(new Set(arrived.map(({ path }) => path)).size).toBe(MANY)
    expect(new Set(arrived.map(({ body }) => body)).size).toBe(1)
  })

  it('is one of several that share the workers: each reaches everybody', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => publish(gateway, {}, MANY_TYPE)))
    const reached = () =>
      ids.map(
        (id) => new Set(receiver.received.filter((one) => one.eventId === id).map(({ path }) => path)).size,
      )
    // The numbers tell more than a wait that has ended: which event, and how many are missing.
    await until(() => reached().every((count) => count === MANY)).catch(() =>
      expect(reached()).toEqual(ids.map(() => MANY)),
    )
    for (const id of ids) await until(async () => (await fannedOutAt(String(id))) !== null)
  })
})

describe('An event that few endpoints listen to', () => {
  it('is fanned out when it is answered', async () => {
    const { id, createdAt, fannedOutAt: atFirst } = await publishEvent(FEW_TYPE)
    expect(atFirst).not.toBeNull()
    expect(Math.abs(Date.parse(atFirst ?? '') - Date.parse(createdAt))).toBeLessThanOrEqual(1)
    expect(await fannedOutAt(id)).toBe(atFirst)
  })

  it('is fanned out, too, when it is a test send', async () => {
    const endpoint = await gateway.createEndpoint({
      target: receiver.url,
      events: [{ type: 'user.created' }],
    })
    await gateway.gql(`mutation { sendTestWebhookEvent(endpointId: "${endpoint.id}") { id } }`)
    expect(await attemptCount(gateway, endpoint.id)).toBe(1)
    const { data } = await gateway.gql(
      `{ webhookAttemptPage(endpointId: "${endpoint.id}") { nodes { event { fannedOutAt } } } }`,
    )
    expect(data.webhookAttemptPage.nodes[0].event.fannedOutAt).not.toBeNull()
  })
})
