import { setTimeout as sleep } from 'node:timers/promises'
import {
  arrivedAtAll,
  closeAll,
  expectDelivered,
  publishUntilAcknowledged,
  untilSettled,
} from '../support/crashes'
import { type CutOffProxy, startCutOffProxy } from '../support/cut-off-proxy'
import { attemptCount } from '../support/events'
import { createTestDatabase, JWT_SECRET, spawnGateway, startTestGateway } from '../support/gateway'
import { named, senderOf } from '../support/kills'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

const EVENTS = 500
/** Longer than a lease, and longer than the gateway waits for an answer of its database. */
const STALL_MS = 14_000

const [, LATE, FORGOTTEN] = [0, 1, 2].map((nth) => `sent-by-${nth}`)

const countBy = (receivers: TestReceiver[], sender: string | undefined) =>
  receivers.flatMap(({ received }) => received).filter((webhook) => senderOf(webhook) === sender).length

serverOnly(
  'workers without a connection to the database for longer than a lease lose nothing: another one takes over',
  async () => {
    const receivers = [
      await startReceiver(() => ({ status: 204, afterMs: 50 })),
      await startReceiver(() => ({ status: 204, afterMs: 50 })),
    ]
    const database = await createTestDatabase()
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'warn' }, database)
    const endpointIds: number[] = []
    for (const { url } of receivers) endpointIds.push((await api.createEndpoint({ target: url })).id)

    const proxies: CutOffProxy[] = []
    for (let nth = 0; nth < 2; nth += 1) proxies.push(await startCutOffProxy(database.env.DATABASE_URL))
    const [late, forgotten] = proxies
    const urls = [database.env.DATABASE_URL, late?.url, forgotten?.url]
    const workers = urls.map((url, nth) =>
      spawnGateway({
        ...database.env,
        DATABASE_URL: url ?? '',
        HOOKGATE_JWT_SECRET: JWT_SECRET,
        HOOKGATE_ROLES: 'worker',
        LOG_LEVEL: 'warn',
        ...named(nth),
      }),
    )
    await Promise.all(workers.map(({ listening }) => listening))

    const acknowledged: number[] = []
    const publish = (count: number, from: string) =>
      publishUntilAcknowledged(
        { current: api },
        { count, keys: from, concurrency: 4, onAcknowledged: (id) => acknowledged.push(id) },
      )
    const publishing = publish(EVENTS, 'before')
    await until(() => [LATE, FORGOTTEN].every((sender) => countBy(receivers, sender) >= 50))
    for (const proxy of proxies) proxy.stall()
    const stalledAt = Date.now()
    await publishing
    // Sends that the two could not record are repeated by the worker that took over.
    await untilSettled({ current: api }, acknowledged)
    const takenOverAfter = Date.now() - stalledAt
    await sleep(STALL_MS - takenOverAfter)

    late?.heal('late')
    forgotten?.heal('forgotten')
    const healedAt = Date.now()
    const atWork = async (sender: string | undefined) => {
      const before = countBy(receivers, sender)
      await until(() => countBy(receivers, sender) > before)
      return Date.now() - healedAt
    }
    const backAtWork = Promise.all([atWork(LATE), atWork(FORGOTTEN)])
    let isBack = false
    void backAtWork.then(() => {
      isBack = true
    })
    for (let lot = 0; !isBack; lot += 1) await publish(20, `after ${lot}`)
    const back = await backAtWork

    await until(() => arrivedAtAll(receivers, acknowledged))
    await expectDelivered({ current: api }, receivers, acknowledged)
    const arrivals = receivers.map(({ received }) => received.length)
    const recorded = await Promise.all(endpointIds.map((id) => attemptCount(api, id)))
    const repeats = arrivals.map((count) => count - acknowledged.length)
    report(`settled by another worker ${takenOverAfter} ms after the stall; ${repeats} repeated`)
    report(
      `delivering ${back} ms after the connections were restored; ${arrivals} arrived, ${recorded} on record`,
    )
    expect(takenOverAfter).toBeLessThan(STALL_MS)
    await api.stop()
    await closeAll(receivers)
  },
)
