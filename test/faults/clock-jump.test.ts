import { setTimeout as sleep } from 'node:timers/promises'
import { openCore } from '../support/core'
import { closeAll, untilSettled } from '../support/crashes'
import { type AttemptNode, attemptsOf, promisedWait, stretched } from '../support/events'
import { createTestDatabase, startTestGateway, tokenFor } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnlyConcurrent } from '../support/server-only'
import { shiftedClock } from '../support/shifted-clock'
import { fromNow, HOUR } from '../support/tokens'
import { until } from '../support/until'

const DAY_MS = 86_400_000
const EVENTS = 50
/** Longer than a lease. */
const SLOW_MS = 12_000

/** How often each event arrived, for those that did. */
function arrivals({ received }: TestReceiver): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { eventId } of received) counts[eventId] = (counts[eventId] ?? 0) + 1
  return counts
}

const each = (eventIds: number[], times: number) => Object.fromEntries(eventIds.map((id) => [id, times]))

const instants = (attempts: AttemptNode[]) => attempts.map(({ createdAt }) => Date.parse(createdAt))

serverOnlyConcurrent(
  'a gateway whose wall clock jumps a day ahead, and two back, delivers everything once and on schedule',
  async () => {
    const database = await createTestDatabase()
    const clock = shiftedClock(database.dataDir)
    const gateway = await startTestGateway({ HOOKGATE_RETRY_SCHEDULE: '2,2', ...clock.env }, database)
    const steady = await startReceiver()
    const failedOnce = new Set<number>()
    const failing = await startReceiver(({ eventId }) => {
      const isFirst = !failedOnce.has(eventId)
      failedOnce.add(eventId)
      return isFirst ? 500 : 204
    })
    const slow = await startReceiver(() => ({ status: 204, afterMs: SLOW_MS }))
    await gateway.createEndpoint({ target: steady.url })
    const { id: failingId } = await gateway.createEndpoint({ target: failing.url })
    await gateway.createEndpoint({ target: slow.url, events: [{ type: 'user.deleted' }] })

    const status = async (token: string) => (await gateway.rest('GET', 'endpoint/', { token })).status
    /** Expired, still to come and good all the time, by the real clock. */
    const claims = { role: 'admin', sub: 'test' }
    const forAnHour = tokenFor(claims, { expiresIn: '1h' })
    const fromNowOn = tokenFor({ ...claims, nbf: fromNow(0) }, { expiresIn: '9d' })
    const always = tokenFor(claims, { expiresIn: '9d' })
    const tomorrow = tokenFor({ ...claims, nbf: fromNow(24 * HOUR - HOUR) }, { expiresIn: '25h' })

    const startedAt = Date.now()
    const publish = async (type = 'post.created', token = always) => {
      const json = { type, data: {} }
      const answer = await gateway.rest('POST', 'event/', { json, token })
      expect(answer.status).toBe(201)
      return answer.body.event_id as number
    }
    const eventIds: number[] = []
    const publishSome = async (token = always) => {
      for (let nth = 0; nth < EVENTS; nth += 1) eventIds.push(await publish('post.created', token))
      await until(() => steady.received.length === eventIds.length)
    }
    const inFlight = [await publish('user.deleted'), await publish('user.deleted')]
    await until(() => slow.open() === inFlight.length)
    await publishSome()
    expect(await Promise.all([forAnHour, fromNowOn, always, tomorrow].map(status))).toEqual([
      200, 200, 200, 401,
    ])

    clock.shift(DAY_MS)
    await until(async () => (await status(forAnHour)) === 401)
    expect(await Promise.all([fromNowOn, always, tomorrow].map(status))).toEqual([200, 200, 200])
    await publishSome()

    clock.shift(-DAY_MS)
    await until(async () => (await status(fromNowOn)) === 401)
    // For this clock they are issued in the future.
    expect(await Promise.all([forAnHour, always, tomorrow].map(status))).toEqual([401, 401, 401])
    const early = tokenFor({ ...claims, iat: fromNow(-24 * HOUR) }, { expiresIn: '9d' })
    expect(await status(early)).toBe(200)
    await publishSome(early)

    clock.shift(0)
    await until(async () => (await status(fromNowOn)) === 200)
    await publishSome()
    const settled = await untilSettled({ current: gateway }, [...eventIds, ...inFlight])
    const endedAt = Date.now()
    expect(new Set([...settled.values()].flat())).toEqual(new Set(['DELIVERED']))
    expect(arrivals(steady)).toEqual(each(eventIds, 1))
    expect(arrivals(failing)).toEqual(each(eventIds, 2))
    expect(arrivals(slow)).toEqual(each(inFlight, 1))
    report(`${eventIds.length} events in ${endedAt - startedAt} ms, over three jumps`)

    // The database's clock decides the waits and their starts.
    const attempts = await attemptsOf(gateway, failingId)
    const first = attempts.filter(({ number }) => number === 1)
    expect(first).toHaveLength(eventIds.length)
    expect(first.map(promisedWait)).toEqual(first.map(() => stretched(2_000)))
    expect(Math.min(...instants(attempts))).toBeGreaterThanOrEqual(startedAt)
    expect(Math.max(...instants(attempts))).toBeLessThanOrEqual(endedAt)
    for (const { event, createdAt } of attempts.filter(({ number }) => number === 2)) {
      const promised = first.find((attempt) => attempt.event.id === event.id)?.nextRetryAt ?? ''
      expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(Date.parse(promised))
    }
    await gateway.stop()
    await closeAll([steady, failing, slow])
  },
)

serverOnlyConcurrent(
  'a database whose clock jumps past all leases, and back, has nothing sent twice or lost',
  async () => {
    const database = await createTestDatabase()
    const core = await openCore(database)
    const quick = await startReceiver()
    const slow = await startReceiver(() => ({ status: 204, afterMs: SLOW_MS }))
    await core.createEndpoint(quick.url, 'post.created')
    await core.createEndpoint(slow.url, 'user.deleted')
    await core.run('start')
    const inFlight: number[] = []
    for (let nth = 0; nth < 5; nth += 1) inFlight.push(await core.publish('user.deleted'))
    await until(() => slow.open() === inFlight.length)
    const eventIds: number[] = []
    for (const byMs of [DAY_MS, 0, DAY_MS, 0]) {
      await core.run('moveClock', byMs)
      for (let nth = 0; nth < EVENTS; nth += 1) eventIds.push(await core.publish())
      await until(() => quick.received.length === eventIds.length)
      // Past a renewal of what is in flight.
      await sleep(3_500)
    }
    const pending = async () => {
      const rows = await core.sql('SELECT event_id FROM queue')
      return rows.length
    }
    await until(async () => (await pending()) === 0)
    expect(arrivals(quick)).toEqual(each(eventIds, 1))
    expect(arrivals(slow)).toEqual(each(inFlight, 1))
    expect(await core.sql('SELECT DISTINCT status::text, attempt_count AS attempts FROM deliveries')).toEqual(
      [{ status: 'DELIVERED', attempts: 1 }],
    )
    expect(await core.warnings()).toEqual([])
    await core.close()
    await closeAll([quick, slow])
  },
)
