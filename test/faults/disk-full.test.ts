import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { arrivedAtAll, closeAll, expectDelivered, publishUntilAcknowledged } from '../support/crashes'
import { attemptCount } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { type PrivatePostgres, startPrivatePostgres } from '../support/private-postgres'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { mountSmallDisk, type SmallDisk, smallDiskOnly } from '../support/small-disk'
import { until } from '../support/until'

const EVENTS = 1_500
/** How often publishers must have been told to try again. */
const REFUSALS = 20
const FULL_MS = 4_000

/** No room is taken ahead of need. */
const SETTINGS = { min_wal_size: '2MB', max_wal_size: '8MB', shared_buffers: '8MB', autovacuum: 'off' }

function folderIn(parent: string): string {
  const folder = join(parent, 'postgres')
  mkdirSync(folder)
  return folder
}

/** What callers who only read were answered while it ran: statuses, and how often each. */
function startReading(gateway: TestGateway) {
  const seen = new Map<number, number>()
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const { status } = await gateway.rest('GET', 'endpoint/')
      seen.set(status, (seen.get(status) ?? 0) + 1)
      await sleep(50)
    }
  })()
  const end = async () => {
    isOver = true
    await reading
    return seen
  }
  return { end }
}

async function expectNothingLost(disk: SmallDisk, postgres: PrivatePostgres): Promise<TestGateway> {
  const database = await postgres.createDatabase('hookgate')
  const gateway = await startTestGateway({}, database)
  const receivers = [await startReceiver(() => ({ status: 204, afterMs: 20 })), await startReceiver()]
  const endpointIds: number[] = []
  for (const { url } of receivers) endpointIds.push((await gateway.createEndpoint({ target: url })).id)

  const acknowledged: number[] = []
  const refused = new Map<number | undefined, number>()
  const refusals = () => [...refused.values()].reduce((sum, count) => sum + count, 0)
  const publishing = publishUntilAcknowledged(
    { current: gateway },
    {
      count: EVENTS,
      abreast: 4,
      onAcknowledged: (id) => acknowledged.push(id),
      onRefused: (status) => refused.set(status, (refused.get(status) ?? 0) + 1),
    },
  )
  await until(() => acknowledged.length >= EVENTS / 4)
  disk.fill()
  const reading = startReading(gateway)
  await until(() => refusals() >= REFUSALS)
  await sleep(FULL_MS)
  const seen = await reading.end()
  const meanwhile = acknowledged.length
  disk.makeRoom()
  const roomAt = Date.now()
  const crashed = !postgres.isRunning()
  if (crashed) await postgres.start()
  await publishing
  await until(() => arrivedAtAll(receivers, acknowledged))
  const arrivedAfter = Date.now() - roomAt
  await expectDelivered({ current: gateway }, receivers, acknowledged)
  const arrivals = receivers.map(({ received }) => received.length)
  report(
    `${meanwhile} of ${EVENTS} acknowledged by the time there was room; publishers heard ${JSON.stringify([...refused])}, readers ${JSON.stringify([...seen])}; ${crashed ? 'PostgreSQL had crashed; ' : ''}all arrived ${arrivedAfter} ms after, ${arrivals.map((count) => count - EVENTS)} repeated`,
  )
  expect(new Set(acknowledged).size).toBe(EVENTS)
  expect([...refused.keys()]).toEqual([503])
  expect([...seen.keys()].filter((status) => ![200, 503].includes(status))).toEqual([])
  expect(gateway.output()).not.toContain('internal error')
  expect(gateway.output()).not.toContain('an outcome cannot be recorded')
  for (const id of endpointIds) expect(await attemptCount(gateway, id)).toBe(EVENTS)
  await closeAll(receivers)
  return gateway
}

smallDiskOnly(
  'a database whose tables have no room refuses with 503, and loses nothing that it took',
  async () => {
    const disk = mountSmallDisk(64)
    const walFolder = mkdtempSync(join(tmpdir(), 'hookgate-wal-'))
    const postgres = await startPrivatePostgres({
      folder: folderIn(disk.folder),
      walFolder,
      settings: SETTINGS,
    })
    const gateway = await expectNothingLost(disk, postgres)
    expect(gateway.output()).toContain('53100')
    await gateway.stop()
  },
)

smallDiskOnly('a database whose log has no room, and crashes, loses nothing that it took', async () => {
  const disk = mountSmallDisk(16)
  const postgres = await startPrivatePostgres({ walFolder: folderIn(disk.folder), settings: SETTINGS })
  const gateway = await expectNothingLost(disk, postgres)
  await gateway.stop()
})
