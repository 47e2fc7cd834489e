import { setTimeout as sleep } from 'node:timers/promises'
import { publishInBulk } from '../support/bulk'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { median, quantile } from '../support/statistics'
import { until } from '../support/until'

jest.setTimeout(400_000)

const PENDING = 2_000
const ROUNDS = 5
const SAMPLES = 150
const EVERY_MS = 10
const RATIO = 1.25
/** The scheduler of a busy machine may add this to a p95 of some milliseconds. */
const SLACK_MS = 5
/** The machine may be busy with other work during one measurement, but hardly during three. */
const MEASUREMENTS = 3

/** The p95 of the latencies from publishing to arrival, at a steady rate: milliseconds. */
async function measure(gateway: TestGateway, receiver: TestReceiver): Promise<number> {
  const publishedAt = new Map<number, number>()
  const first = receiver.received.length
  const publishing: Promise<void>[] = []
  for (let nth = 0; nth < SAMPLES; nth += 1) {
    const at = Date.now()
    const answer = gateway.rest('POST', 'event/', { json: { type: 'post.created', data: nth } })
    publishing.push(answer.then(({ body }) => void publishedAt.set(body.event_id, at)))
    await sleep(EVERY_MS)
  }
  await Promise.all(publishing)
  await until(() => receiver.received.length === first + SAMPLES)
  const latencies = receiver.received
    .slice(first)
    .map(({ at, eventId }) => at - (publishedAt.get(eventId) ?? Number.NaN))
  expect(latencies.some(Number.isNaN)).toBe(false)
  return quantile(latencies, 0.95)
}

serverOnly(
  'a receiver that never answers, with 2,000 deliveries pending, slows down no other endpoint',
  async () => {
    const database = await createTestDatabase()
    const gateway = await startTestGateway({ LOG_LEVEL: 'warn' }, database)
    const good = await startReceiver()
    await gateway.createEndpoint({ target: good.url })
    const hanging = await startReceiver(() => 'never')
    const bad = { target: hanging.url, events: [{ type: 'post.deleted' }] }
    const { id } = await gateway.createEndpoint(bad)
    const switchBad = async (isActive: boolean) => {
      const { status } = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: isActive } })
      expect(status).toBe(200)
      // An endpoint whose sends have hung has two in flight.
      if (isActive) return until(() => hanging.open() >= 2)
      // Off, with nothing in flight.
      hanging.dropConnections()
      return until(() => hanging.open() === 0)
    }
    await publishInBulk(database, PENDING, 'post.deleted')
    await until(() => hanging.open() === 10)
    // Warm-up: code is compiled, statements are prepared and connections open afterwards.
    await measure(gateway, good)

    const compare = async () => {
      const p95: Record<'without' | 'with', number[]> = { without: [], with: [] }
      // In turns, so that other load on the machine falls on both.
      for (let round = 0; round < ROUNDS; round += 1) {
        await switchBad(false)
        p95.without.push(await measure(gateway, good))
        await switchBad(true)
        p95.with.push(await measure(gateway, good))
      }
      const [without, withBad] = [median(p95.without), median(p95.with)]
      const ratio = withBad / without
      report(`p95 ${without} ms without, ${withBad} ms with it: ${ratio.toFixed(2)} (${JSON.stringify(p95)})`)
      return withBad <= without * RATIO + SLACK_MS
    }
    let isUnharmed = false
    for (let nth = 0; nth < MEASUREMENTS && !isUnharmed; nth += 1) isUnharmed = await compare()
    expect(isUnharmed).toBe(true)
    // The hanging receiver never had more in flight than an endpoint may have, and the rest was waiting.
    expect(hanging.peak()).toBe(10)
    await gateway.stop()
    await good.close()
    await hanging.close()
  },
)
