import { publishInBulk } from '../support/bulk'
import { closeAll, expectDelivered } from '../support/crashes'
import { attemptCount } from '../support/events'
import { createTestDatabase, JWT_SECRET, spawnGateway, startTestGateway } from '../support/gateway'
import { named, senderOf } from '../support/kills'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

const EVENTS = 5_000

serverOnly(
  'two workers, and nothing goes wrong: each of 20,000 deliveries arrives exactly once',
  async () => {
    const receivers: TestReceiver[] = []
    for (let nth = 0; nth < 4; nth += 1) receivers.push(await startReceiver())
    const database = await createTestDatabase()
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'warn' }, database)
    const endpointIds: number[] = []
    for (const { url } of receivers) endpointIds.push((await api.createEndpoint({ target: url })).id)
    const eventIds = await publishInBulk(database, EVENTS)

    const startedAt = Date.now()
    const env = {
      ...database.env,
      HOOKGATE_JWT_SECRET: JWT_SECRET,
      HOOKGATE_ROLES: 'worker',
      LOG_LEVEL: 'warn',
    }
    const workers = [0, 1].map((nth) => spawnGateway({ ...env, ...named(nth) }))
    await until(() => receivers.every(({ received }) => received.length >= EVENTS))
    const seconds = (Date.now() - startedAt) / 1000
    await expectDelivered({ current: api }, receivers, eventIds)
    for (const worker of workers) {
      worker.process.kill('SIGTERM')
      expect(await worker.exited).toBe(0)
    }

    // All sends have arrived by now: no further one can follow.
    const shares = new Map<string, number>()
    for (const receiver of receivers) {
      expect(receiver.received).toHaveLength(EVENTS)
      expect(new Set(receiver.eventIds()).size).toBe(EVENTS)
      for (const webhook of receiver.received) {
        const sender = senderOf(webhook)
        shares.set(sender, (shares.get(sender) ?? 0) + 1)
      }
    }
    for (const id of endpointIds) expect(await attemptCount(api, id)).toBe(EVENTS)
    report(`${EVENTS * receivers.length} deliveries in ${seconds} s, by ${JSON.stringify([...shares])}`)
    // Else one of them would have shown nothing.
    expect(shares.size).toBe(2)
    await api.stop()
    await closeAll(receivers)
  },
)
