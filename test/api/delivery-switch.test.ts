import { openCore } from '../support/core'
import { attemptCount, attemptsOf, deliveryProgress, publish } from '../support/events'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

/** An endpoint with pending deliveries. */
interface LoadedEndpoint {
  id: number
  receiver: TestReceiver
  eventIds: number[]
}

/** The receiver of an endpoint, the type that it listens to, and how many of its events are pending. */
interface Load {
  receiver: TestReceiver
  type: string
  count: number
}

/** Starts a gateway on a database whose endpoints have pending deliveries. */
async function startLoadedGateway<Loads extends Load[]>(
  loads: [...Loads],
  env: Record<string, string> = {},
): Promise<{ gateway: TestGateway; endpoints: { [Index in keyof Loads]: LoadedEndpoint } }> {
  const database = await createTestDatabase()
  const core = await openCore(database)
  const endpoints: LoadedEndpoint[] = []
  for (const { receiver, type, count } of loads) {
    const id = await core.createEndpoint(receiver.url, type)
    endpoints.push({ id, receiver, eventIds: await core.run('publishMany', count, type) })
  }
  await core.close()
  const gateway = await startTestGateway(env, database)
  return { gateway, endpoints: endpoints as { [Index in keyof Loads]: LoadedEndpoint } }
}

const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b)

describe('an endpoint with pending deliveries', () => {
  const slow = () => ({ status: 204, afterMs: 100 })
  let gateway: TestGateway
  let switched: LoadedEndpoint
  let deleted: LoadedEndpoint
  let hanging: LoadedEndpoint
  let steady: LoadedEndpoint
  let idle: LoadedEndpoint

  beforeAll(async () => {
    const env = { HOOKGATE_SEND_TIMEOUT_MS: '8000', HOOKGATE_RETRY_SCHEDULE: '3600' }
    const loaded = await startLoadedGateway(
      [
        { receiver: await startReceiver(slow), type: 'post.created', count: 500 },
        { receiver: await startReceiver(slow), type: 'post.updated', count: 200 },
        { receiver: await startReceiver(() => 'never'), type: 'comment.created', count: 300 },
        { receiver: await startReceiver(), type: 'user.created', count: 50 },
        { receiver: await startReceiver(), type: 'post.deleted', count: 0 },
      ],
      env,
    )
    gateway = loaded.gateway
    ;[switched, deleted, hanging, steady, idle] = loaded.endpoints
  })
  afterAll(async () => {
    await gateway?.end('SIGKILL')
    await gateway?.database.remove()
  })

  /** Waits until an event of an idle endpoint arrives: by then any other due delivery has been sent as well. */
  async function afterAnyClaim(): Promise<void> {
    const last = await publish(gateway, {}, 'post.deleted')
    await until(() => idle.receiver.eventIds().includes(last))
  }

  it.concurrent('that is switched off: none of 500 starts after the answer; on again, each arrives once', async () => {
    const { id, receiver, eventIds } = switched
    const patch = async (json: object) => {
      expect((await gateway.rest('PATCH', `endpoint/${id}/`, { json })).status).toBe(200)
      return Date.now()
    }
    for (const mark of [50, 150, 300]) {
      await until(() => receiver.received.length >= mark)
      const answeredAt = await patch({ is_active: false })
      // Sends in flight end and are recorded.
      await until(
        async () => receiver.open() === 0 && (await attemptCount(gateway, id)) === receiver.received.length,
      )
      const sent = await attemptsOf(gateway, id)
      expect(sent.filter(({ sentAt }) => Date.parse(sentAt ?? '') > answeredAt)).toEqual([])
      expect(sent.length).toBeLessThan(500)

      await afterAnyClaim()
      expect(receiver.received).toHaveLength(sent.length)
      await patch({ is_active: true })
    }
    await until(() => receiver.received.length >= 500)
    await until(async () => (await attemptCount(gateway, id)) === 500)
    expect(sorted(receiver.eventIds())).toEqual(sorted(eventIds))
    const progress = await deliveryProgress(gateway, eventIds)
    for (const eventId of eventIds) {
      expect(progress.get(eventId)).toEqual([{ status: 'DELIVERED', attemptCount: 1 }])
    }
  })

  it.concurrent('that is deleted: none starts after the answer', async () => {
    const { id, receiver, eventIds } = deleted
    await until(() => receiver.received.length >= 20)
    expect((await gateway.rest('DELETE', `endpoint/${id}/`)).status).toBe(204)
    // Requests that were on their way arrive: ten at most.
    const arrived = receiver.received.length
    await afterAnyClaim()
    await until(() => receiver.open() === 0)
    expect(receiver.received.length - arrived).toBeLessThanOrEqual(10)
    const received = new Set(receiver.eventIds())
    const statuses = async () => {
      const progress = await deliveryProgress(gateway, eventIds)
      return eventIds.map((eventId) => progress.get(eventId)?.[0]?.status)
    }
    await until(async () =>
      (await statuses()).every((status) => status === 'DELIVERED' || status === 'CANCELLED'),
    )
    expect(await statuses()).toEqual(
      eventIds.map((eventId) => (received.has(eventId) ? 'DELIVERED' : 'CANCELLED')),
    )
  })

  it.concurrent('whose receiver never answers, 300 of them, holds up no other endpoint', async () => {
    await until(() => steady.receiver.received.length >= 50)
    expect(sorted(steady.receiver.eventIds())).toEqual(sorted(steady.eventIds))
    // All of them arrived while the first ten hanging sends still hung.
    expect(hanging.receiver.received).toHaveLength(10)

    await until(() => hanging.receiver.received.length > 10)
    const ended = await attemptsOf(gateway, hanging.id)
    for (const attempt of ended) expect(attempt).toMatchObject({ error: 'TIMEOUT', responseStatus: null })
    await afterAnyClaim()
  })
})

describe('the sends in flight', () => {
  it.concurrent.each([
    ['an endpoint', { HOOKGATE_ENDPOINT_CONCURRENCY: '3' }, 3, 6],
    ['the process', { HOOKGATE_CONCURRENCY: '4' }, 4, 4],
  ])('are no more than %s may have', async (_whose, env, most, total) => {
    let peak = 0
    const answer = () => {
      peak = Math.max(peak, receiver.open() + other.open())
      return { status: 204, afterMs: 30 }
    }
    const [receiver, other] = [await startReceiver(answer), await startReceiver(answer)]
    const { gateway, endpoints } = await startLoadedGateway(
      [
        { receiver, type: 'post.created', count: 40 },
        { receiver: other, type: 'post.deleted', count: 40 },
      ],
      env,
    )
    for (const { id } of endpoints) await until(async () => (await attemptCount(gateway, id)) === 40)
    expect(receiver.peak()).toBeLessThanOrEqual(most)
    expect(other.peak()).toBeLessThanOrEqual(most)
    expect(peak).toBeLessThanOrEqual(total)
    // Both endpoints are served at the same time, and not one after the other.
    expect(other.received[0]?.at).toBeLessThan(receiver.received.at(-1)?.at ?? 0)
    expect(receiver.received[0]?.at).toBeLessThan(other.received.at(-1)?.at ?? 0)
    await gateway.stop()
  })
})
