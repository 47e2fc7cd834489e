import { setTimeout as sleep } from 'node:timers/promises'
import {
  arrivedAtAll,
  closeAll,
  expectDelivered,
  publishUntilAcknowledged,
  type Replaceable,
  untilSettled,
} from '../support/crashes'
import { startCutOffProxy } from '../support/cut-off-proxy'
import { publishMany } from '../support/events'
import { createTestDatabase, startTestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

// On a server the leases of a killed process last ten seconds, and there are many kills.
jest.setTimeout(240_000)

const serverOnly = process.env.TEST_DATABASE_URL === undefined ? it.skip : it

it('loses no acknowledged event by 8 kills, and repeats only sends in flight', async () => {
  const EVENTS = 600
  const KILLS = 8
  const slow = () => ({ status: 204, afterMs: 5 })
  const receivers = [await startReceiver(slow), await startReceiver(slow), await startReceiver(slow)]
  const gateway: Replaceable = { current: await startTestGateway() }
  for (const { url } of receivers) await gateway.current.createEndpoint({ target: url })

  const acknowledged: number[] = []
  const publishing = publishUntilAcknowledged(gateway, {
    count: EVENTS,
    onAcknowledged: (id) => acknowledged.push(id),
  })
  /** How many webhooks each receiver had at the end of each process. */
  const deaths: number[][] = receivers.map(() => [])
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const mark = (EVENTS * (kill - 1 + Math.random())) / (KILLS + 1)
    await until(() => acknowledged.length >= mark)
    await gateway.current.end('SIGKILL')
    // A busy receiver may still have requests of the killed process to read.
    await until(() => receivers.every((receiver) => receiver.connections() === 0))
    for (const [index, { received }] of receivers.entries()) deaths[index]?.push(received.length)
    gateway.current = await startTestGateway({}, gateway.current.database)
  }
  await publishing
  expect(new Set(acknowledged).size).toBe(EVENTS)
  await until(() => arrivedAtAll(receivers, acknowledged))
  await expectDelivered(gateway, receivers, acknowledged)

  for (const [index, receiver] of receivers.entries()) {
    const arrived = receiver.eventIds()
    const own = new Set(acknowledged)
    expect(arrived.filter((id) => !own.has(id))).toEqual([])
    // No process sends an event twice: a repetition follows a kill.
    const ofOneProcess = [0, ...(deaths[index] ?? [])].map((from, nth) =>
      arrived.slice(from, deaths[index]?.[nth]),
    )
    for (const sent of ofOneProcess) expect(sent).toHaveLength(new Set(sent).size)
    // Ten sends at a time are in flight to an endpoint, and as many may wait to be recorded.
    expect(arrived.length - EVENTS).toBeLessThanOrEqual(KILLS * 20)
  }
  await gateway.current.stop()
  await closeAll(receivers)
})

describe('on one PostgreSQL', () => {
  serverOnly('two workers share the deliveries that a third process accepts, each sent once', async () => {
    const database = await createTestDatabase()
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const workers = [
      await startTestGateway({ HOOKGATE_ROLES: 'worker', LOG_LEVEL: 'debug' }, database),
      await startTestGateway({ HOOKGATE_ROLES: 'worker', LOG_LEVEL: 'debug' }, database),
    ]
    const receivers = [await startReceiver(), await startReceiver()]
    for (const { url } of receivers) await api.createEndpoint({ target: url })
    const eventIds = await publishMany(api, 500)
    await until(() => arrivedAtAll(receivers, eventIds))
    await expectDelivered({ current: api }, receivers, eventIds)
    for (const receiver of receivers) expect(receiver.eventIds().sort()).toEqual([...eventIds].sort())
    for (const worker of workers) {
      expect(worker.output()).toContain('"msg":"attempt"')
      expect((await fetch(`${worker.url}/graphql`)).status).toBe(404)
    }
    for (const worker of workers) expect(await worker.end()).toBe(0)
    await api.stop()
    await closeAll(receivers)
  })

  serverOnly('deliveries that a killed worker had leased are sent by the other', async () => {
    const database = await createTestDatabase()
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const receiver = await startReceiver(() => 'never')
    await api.createEndpoint({ target: receiver.url })
    const first = await startTestGateway({ HOOKGATE_ROLES: 'worker' }, database)
    const eventIds = await publishMany(api, 30)
    await until(() => receiver.open() === 10)
    receiver.answer = () => 204
    const held = receiver.eventIds()
    await first.end('SIGKILL')
    const second = await startTestGateway({ HOOKGATE_ROLES: 'worker' }, database)
    await until(() => receiver.received.length === 30 + 10)
    await untilSettled({ current: api }, eventIds)
    expect(receiver.eventIds().slice(10).sort()).toEqual([...eventIds].sort())
    expect(held).toHaveLength(10)
    await second.end()
    await api.stop()
    await receiver.close()
  })

  serverOnly(
    'a database that does not answer for seconds under load loses nothing, and delivery resumes',
    async () => {
      const database = await createTestDatabase()
      const proxy = await startCutOffProxy(database.env.DATABASE_URL)
      const gateway: Replaceable = {
        current: await startTestGateway({ DATABASE_URL: proxy.url }, database),
      }
      const receivers = [await startReceiver(() => ({ status: 204, afterMs: 5 })), await startReceiver()]
      for (const { url } of receivers) await gateway.current.createEndpoint({ target: url })

      const acknowledged: number[] = []
      const publishing = publishUntilAcknowledged(gateway, {
        count: 400,
        onAcknowledged: (id) => acknowledged.push(id),
      })
      for (const mark of [100, 200, 300]) {
        await until(() => acknowledged.length >= mark)
        proxy.cut()
        await until(async () => (await fetch(`${gateway.current.url}/readyz`)).status === 503)
        await sleep(2_000)
        proxy.restore()
      }
      await publishing
      await until(() => arrivedAtAll(receivers, acknowledged))
      await expectDelivered(gateway, receivers, acknowledged)
      expect(gateway.current.output()).not.toContain('internal error')
      await gateway.current.stop()
      proxy.close()
      await closeAll(receivers)
    },
  )

  serverOnly('a stop ends even while the database does not answer', async () => {
    const database = await createTestDatabase()
    const proxy = await startCutOffProxy(database.env.DATABASE_URL)
    const gateway = await startTestGateway({ DATABASE_URL: proxy.url }, database)
    const receiver = await startReceiver(() => 'never')
    await gateway.createEndpoint({ target: receiver.url })
    await publishMany(gateway, 5)
    await until(() => receiver.open() === 5)
    proxy.cut()
    gateway.process.kill('SIGTERM')
    await until(() => gateway.process.exitCode !== null)
    expect(gateway.process.exitCode).toBe(0)
    await database.remove()
    proxy.close()
    await receiver.close()
  })
})
