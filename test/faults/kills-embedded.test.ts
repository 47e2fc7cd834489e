import { publishInBulk } from '../support/bulk'
import {
  arrivedAtAll,
  closeAll,
  expectDelivered,
  publishUntilAcknowledged,
  type Replaceable,
} from '../support/crashes'
import { attemptCount } from '../support/events'
import {
  createEmbeddedDatabase,
  JWT_SECRET,
  spawnGateway,
  startTestGateway,
  testGateway,
} from '../support/gateway'
import { expectRepeatsExplained, killAtRandomMoments, named } from '../support/kills'
import { seededRandom } from '../support/random'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { until } from '../support/until'

jest.setTimeout(400_000)

/** Most events are published before the start, because the embedded database is slow; the others during the kills. */
const BEFORE = 4_500
const MEANWHILE = 500
const EVENTS = BEFORE + MEANWHILE
const KILLS = 30
const CAPACITY = 40

it('30 kills -9 of the one process with its embedded database lose no acknowledged event', async () => {
  const random = seededRandom()
  let kills = 0
  // The events must last as long as the kills: a receiver that is ahead of the kills answers slowly.
  const answer = () => ({ status: 204, afterMs: isAhead() ? 250 : 5 })
  const receivers: TestReceiver[] = []
  for (let nth = 0; nth < 4; nth += 1) receivers.push(await startReceiver(answer))
  const isAhead = () => receivers.some(({ received }) => received.length / EVENTS > kills / KILLS)

  const database = await createEmbeddedDatabase()
  const gateway: Replaceable = { current: await startTestGateway({ LOG_LEVEL: 'warn' }, database) }
  const endpointIds: number[] = []
  for (const { url } of receivers)
    endpointIds.push((await gateway.current.createEndpoint({ target: url })).id)
  await gateway.current.end()
  const eventIds = await publishInBulk(database, BEFORE)

  const startedAt = Date.now()
  const publishing = publishUntilAcknowledged(gateway, {
    count: MEANWHILE,
    concurrency: 2,
    onAcknowledged: (id) => eventIds.push(id),
  })
  const env = {
    ...database.env,
    HOOKGATE_JWT_SECRET: JWT_SECRET,
    HOOKGATE_CONCURRENCY: String(CAPACITY),
    LOG_LEVEL: 'warn',
  }
  const spawn = (nth: number) => {
    const child = spawnGateway({ ...env, ...named(nth) })
    testGateway(child, database).then(
      (replacement) => {
        gateway.current = replacement
      },
      // Killed during its start: publishers keep calling the gateway before it.
      () => undefined,
    )
    return child
  }
  const killed = await killAtRandomMoments({
    kills: KILLS,
    processes: 1,
    random,
    spawn,
    onKilled: (count) => {
      kills = count
    },
  })
  const killedAfter = (Date.now() - startedAt) / 1000
  await publishing
  await until(() => arrivedAtAll(receivers, eventIds))
  await expectDelivered(gateway, receivers, eventIds)
  const seconds = (Date.now() - startedAt) / 1000

  expect(new Set(eventIds).size).toBe(EVENTS)
  const { repeats, killedWhileSending } = expectRepeatsExplained(receivers, killed, CAPACITY)
  report(
    `${EVENTS * receivers.length} deliveries, ${KILLS} kills (${killedWhileSending} while sending, over after ${killedAfter} s) in ${seconds} s: none lost, ${repeats} repeated`,
  )
  expect(killedWhileSending).toBeGreaterThanOrEqual(KILLS / 3)
  for (const id of endpointIds) expect(await attemptCount(gateway.current, id)).toBe(EVENTS)
  await gateway.current.stop()
  await closeAll(receivers)
})
