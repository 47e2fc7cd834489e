import { arrivedAtAll, closeAll, expectDelivered, publishUntilAcknowledged } from '../support/crashes'
import { attemptCount } from '../support/events'
import { createTestDatabase, JWT_SECRET, spawnGateway, startTestGateway } from '../support/gateway'
import { expectRepeatsExplained, killAtRandomMoments, named } from '../support/kills'
import { seededRandom } from '../support/random'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

jest.setTimeout(400_000)

const EVENTS = 5_000
const KILLS = 30
/** Sends in flight per worker: ten to each of the receivers. */
const CAPACITY = 40

serverOnly('30 kills -9 of workers lose no event, and repeat only sends in flight', async () => {
  const random = seededRandom()
  let kills = 0
  // The events must last as long as the kills: a receiver that is ahead of the kills answers slowly.
  const answer = () => ({ status: 204, afterMs: isAhead() ? 250 : 5 })
  const receivers: TestReceiver[] = []
  for (let nth = 0; nth < 4; nth += 1) receivers.push(await startReceiver(answer))
  const isAhead = () => receivers.some(({ received }) => received.length / EVENTS > kills / KILLS)

  const database = await createTestDatabase()
  const api = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'warn' }, database)
  const endpointIds: number[] = []
  for (const { url } of receivers) endpointIds.push((await api.createEndpoint({ target: url })).id)

  const startedAt = Date.now()
  const acknowledged: number[] = []
  const publishing = publishUntilAcknowledged(
    { current: api },
    { count: EVENTS, onAcknowledged: (id) => acknowledged.push(id) },
  )
  const worker = {
    ...database.env,
    HOOKGATE_JWT_SECRET: JWT_SECRET,
    HOOKGATE_ROLES: 'worker',
    HOOKGATE_CONCURRENCY: String(CAPACITY),
    LOG_LEVEL: 'warn',
  }
  const killed = await killAtRandomMoments({
    kills: KILLS,
    processes: 2,
    random,
    spawn: (nth) => spawnGateway({ ...worker, ...named(nth) }),
    onKilled: (count) => {
      kills = count
    },
  })
  await publishing
  await until(() => arrivedAtAll(receivers, acknowledged))
  await expectDelivered({ current: api }, receivers, acknowledged)
  const seconds = (Date.now() - startedAt) / 1000

  expect(new Set(acknowledged).size).toBe(EVENTS)
  const { repeats, killedWhileSending } = expectRepeatsExplained(receivers, killed, CAPACITY)
  report(
    `${EVENTS * receivers.length} deliveries, ${KILLS} kills (${killedWhileSending} while sending) in ${seconds} s: none lost, ${repeats} repeated`,
  )
  // Otherwise the kills would prove nothing.
  expect(killedWhileSending).toBeGreaterThanOrEqual(KILLS / 3)
  // A send that a killed worker did not record is repeated, and its event is on record once.
  for (const id of endpointIds) expect(await attemptCount(api, id)).toBe(EVENTS)
  await api.stop()
  await closeAll(receivers)
})
