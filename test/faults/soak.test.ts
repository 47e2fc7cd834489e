import { setTimeout as sleep } from 'node:timers/promises'
import { untilSettled } from '../support/crashes'
import { countConnections } from '../support/database-connections'
import { startTestGateway } from '../support/gateway'
import { startMixedLoad, TYPES } from '../support/mixed-load'
import { openHandles, openSockets, residentMb, threads, trendOf } from '../support/process-stats'
import { seededRandom } from '../support/random'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'

/** `npm run test:long` sets 10. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 0.5)
/** A longer load leaves more retries, which take longer to finish. */
jest.setTimeout(240_000 + MINUTES * 3 * 60_000)

const SAMPLE_EVERY_MS = 250
/** Allowed growth of memory from the middle third to the last: the size of a heap varies, and more in its first minute. */
const ALLOWED_GROWTH = MINUTES < 2 ? 1.5 : 1.15
/** Connections to receivers come and go: in the median, a few more or less are no trend. */
const ALLOWED_HANDLES = 5
/** The pool, and one connection for notifications. */
const CONNECTIONS_MAX = 11

it(`${MINUTES} minutes of mixed load leave memory and open files flat, and lose no event`, async () => {
  const gateway = await startTestGateway({
    HOOKGATE_RETRY_SCHEDULE: '1,1',
    HOOKGATE_SEND_TIMEOUT_MS: '2000',
    LOG_LEVEL: 'warn',
  })
  const pid = gateway.process.pid ?? 0
  const [good, slow, flaky, bad, passing] = await Promise.all([
    startReceiver(),
    startReceiver((_webhook, nth) => ({ status: 204, afterMs: nth % 20 === 0 ? 2_500 : 200 })),
    startReceiver((_webhook, nth) => (nth % 3 === 0 ? 503 : 204)),
    startReceiver(() => ({ status: 500, body: 'x'.repeat(100_000) })),
    startReceiver(),
  ])
  const events = TYPES.map((type) => ({ type }))
  const endpointIds: number[] = []
  for (const { url } of [good, slow, flaky, bad]) {
    endpointIds.push((await gateway.createEndpoint({ target: url, events })).id)
  }

  const connections = await countConnections(gateway.database)
  const figures: Record<string, number[]> = {}
  const note = (name: string, value: number) => {
    figures[name] = [...(figures[name] ?? []), value]
  }
  const load = startMixedLoad(gateway, { random: seededRandom(), endpointIds, passingTarget: passing.url })
  const endsAt = Date.now() + MINUTES * 60_000
  while (Date.now() < endsAt) {
    note('RSS in MB', residentMb(pid))
    note('open files', openHandles(pid))
    note('sockets', openSockets(pid))
    note('threads', threads(pid))
    if (connections) note('database connections', await connections.read())
    await sleep(SAMPLE_EVERY_MS)
  }
  await load.end()
  await connections?.end()
  const settled = await untilSettled({ current: gateway }, load.eventIds)

  report(`answers: ${JSON.stringify(Object.fromEntries(load.answers))}`)
  const statuses = [...settled.values()].flat()
  const counts = Object.fromEntries(
    [...new Set(statuses)].map((status) => [status, statuses.filter((each) => each === status).length]),
  )
  report(`${load.eventIds.length} events, deliveries: ${JSON.stringify(counts)}`)
  const trends = Object.entries(figures).map(([name, values]) => ({ name, ...trendOf(values) }))
  for (const { name, middle, last, peak } of trends) {
    report(`${name}: ${middle.toFixed()}, then ${last.toFixed()}, at most ${peak.toFixed()}`)
  }

  for (const { name, middle, last, peak } of trends) {
    const most = name === 'RSS in MB' ? middle * ALLOWED_GROWTH : middle + ALLOWED_HANDLES
    expect({ name, isFlat: last <= most, middle, last }).toEqual({ name, isFlat: true, middle, last })
    if (name === 'database connections') expect(peak).toBeLessThanOrEqual(CONNECTIONS_MAX)
  }
  // Each accepted event arrived at the good receiver, and failed at the bad one.
  expect(new Set(load.eventIds).size).toBe(load.eventIds.length)
  const arrived = new Set(good.eventIds())
  expect(load.eventIds.filter((id) => !arrived.has(id))).toEqual([])
  expect(Object.keys(counts).filter((status) => !/^(DELIVERED|FAILED|CANCELLED)$/.test(status))).toEqual([])
  expect(counts.FAILED).toBeGreaterThanOrEqual(load.eventIds.length)
  expect(gateway.output()).not.toMatch(/"level":[56]0/)
  expect(await gateway.end()).toBe(0)
  await gateway.database.remove()
  await Promise.all([good, slow, flaky, bad, passing].map((receiver) => receiver.close()))
})
