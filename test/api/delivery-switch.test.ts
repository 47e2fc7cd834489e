import { openCore } from '../support/core'
import { attemptCount, attemptsOf, deliveryProgress, publish } from '../support/events'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

/** A gateway that has just started on a database with pending deliveries. */
interface LoadedGateway {
  gateway: TestGateway
  /** of the endpoint at `receiver` */
  endpointId: number
  eventIds: number[]
  /** receives the events of type post.deleted */
  other: TestReceiver
  otherId: number
  otherEventIds: number[]
  /** Publishes an event to `other` and waits until it arrives: by then any other due delivery has been sent as well. */
  publishToOther(): Promise<void>
  patch(json: object): Promise<void>
}

interface Load {
  receiver: TestReceiver
  /** default: one that answers 204 at once */
  other?: TestReceiver
  env?: Record<string, string>
  /** events that are pending for `receiver` */
  count: number
  /** events that are pending for `other` */
  otherCount?: number
}

async function startLoadedGateway({
  receiver,
  env,
  count,
  otherCount = 0,
  ...load
}: Load): Promise<LoadedGateway> {
  const other = load.other ?? (await startReceiver())
  const database = await createTestDatabase()
  const core = await openCore(database)
  const endpointId = await core.createEndpoint(receiver.url, 'post.created')
  const otherId = await core.createEndpoint(other.url, 'post.deleted')
  const eventIds = await core.run('publishMany', count, 'post.created')
  const otherEventIds = await core.run('publishMany', otherCount, 'post.deleted')
  await core.close()
  const gateway = await startTestGateway(env, database)
  return {
    gateway,
    endpointId,
    eventIds,
    other,
    otherId,
    otherEventIds,
    async publishToOther() {
      const last = await publish(gateway, {}, 'post.deleted')
      await until(() => other.eventIds().includes(last))
    },
    async patch(json) {
      expect((await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json })).status).toBe(200)
    },
  }
}

const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b)

describe('an endpoint with pending deliveries', () => {
  it.concurrent('that is switched off: none of 500 starts after the answer; on again, each arrives once', async () => {
    const receiver = await startReceiver(() => ({ status: 204, afterMs: 100 }))
    const loaded = await startLoadedGateway({ receiver, count: 500 })
    const { gateway, endpointId, eventIds } = loaded
    for (const mark of [50, 150, 300]) {
      await until(() => receiver.received.length >= mark)
      await loaded.patch({ is_active: false })
      const answeredAt = Date.now()
      // Sends in flight end and are recorded.
      await until(
        async () =>
          receiver.open() === 0 && (await attemptCount(gateway, endpointId)) === receiver.received.length,
      )
      const sent = await attemptsOf(gateway, endpointId)
      expect(sent.filter(({ sentAt }) => Date.parse(sentAt ?? '') > answeredAt)).toEqual([])
      expect(sent.length).toBeLessThan(500)

      await loaded.publishToOther()
      expect(receiver.received).toHaveLength(sent.length)
      await loaded.patch({ is_active: true })
    }
    await until(() => receiver.received.length >= 500)
    await until(async () => (await attemptCount(gateway, endpointId)) === 500)
    expect(sorted(receiver.eventIds())).toEqual(sorted(eventIds))
    const progress = await deliveryProgress(gateway, eventIds)
    for (const id of eventIds) {
      expect(progress.get(id)).toEqual([{ status: 'DELIVERED', attemptCount: 1 }])
    }
    await gateway.stop()
  })

  it.concurrent('that is deleted: none starts after the answer', async () => {
    const receiver = await startReceiver(() => ({ status: 204, afterMs: 100 }))
    const loaded = await startLoadedGateway({ receiver, count: 200 })
    const { gateway, endpointId, eventIds } = loaded
    await until(() => receiver.received.length >= 20)
    expect((await gateway.rest('DELETE', `endpoint/${endpointId}/`)).status).toBe(204)
    // Requests that were on their way arrive: ten at most.
    const arrived = receiver.received.length
    await loaded.publishToOther()
    await until(() => receiver.open() === 0)
    expect(receiver.received.length - arrived).toBeLessThanOrEqual(10)
    const received = new Set(receiver.eventIds())
    const statusOf = async () => {
      const progress = await deliveryProgress(gateway, eventIds)
      return eventIds.map((id) => progress.get(id)?.[0]?.status)
    }
    await until(async () =>
      (await statusOf()).every((status) => status === 'DELIVERED' || status === 'CANCELLED'),
    )
    expect(await statusOf()).toEqual(eventIds.map((id) => (received.has(id) ? 'DELIVERED' : 'CANCELLED')))
    await gateway.stop()
  })

  it.concurrent('whose receiver never answers, 300 of them, holds up no other endpoint', async () => {
    const receiver = await startReceiver(() => 'never')
    const loaded = await startLoadedGateway({
      receiver,
      env: { HOOKGATE_SEND_TIMEOUT_MS: '8000', HOOKGATE_RETRY_SCHEDULE: '3600' },
      count: 300,
      otherCount: 50,
    })
    const { gateway, other, endpointId, otherEventIds } = loaded
    await until(() => other.received.length >= 50)
    expect(sorted(other.eventIds())).toEqual(sorted(otherEventIds))
    // All of them arrived while the first ten hanging sends still hung.
    expect(receiver.received).toHaveLength(10)

    await until(() => receiver.received.length > 10)
    const ended = await attemptsOf(gateway, endpointId)
    for (const attempt of ended) expect(attempt).toMatchObject({ error: 'TIMEOUT', responseStatus: null })
    await loaded.publishToOther()
    await gateway.end('SIGKILL')
    await gateway.database.remove()
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
    const loaded = await startLoadedGateway({ receiver, other, env, count: 40, otherCount: 40 })
    const { gateway } = loaded
    for (const id of [loaded.endpointId, loaded.otherId]) {
      await until(async () => (await attemptCount(gateway, id)) === 40)
    }
    expect(receiver.peak()).toBeLessThanOrEqual(most)
    expect(other.peak()).toBeLessThanOrEqual(most)
    expect(peak).toBeLessThanOrEqual(total)
    // Both endpoints are served at the same time, and not one after the other.
    expect(other.received[0]?.at).toBeLessThan(receiver.received.at(-1)?.at ?? 0)
    expect(receiver.received[0]?.at).toBeLessThan(other.received.at(-1)?.at ?? 0)
    await gateway.stop()
  })
})
