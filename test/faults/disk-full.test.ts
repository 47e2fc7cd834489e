import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  arrivedAtAll,
  closeAll,
  expectDelivered,
  publishUntilAcknowledged,
  type Replaceable,
} from '../support/crashes'
import { attemptCount } from '../support/events'
import { startTestGateway, testDatabase } from '../support/gateway'
import { startPrivatePostgres } from '../support/private-postgres'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { mountSmallDisk, type SmallDisk, smallDiskOnly } from '../support/small-disk'
import { until } from '../support/until'

/** How many publications must have been rejected while the disk was full. */
const REJECTED_MIN = 20
const FULL_MS = 4_000
/** PostgreSQL then reserves no room in advance. */
const SETTINGS = { min_wal_size: '2MB', max_wal_size: '8MB', shared_buffers: '8MB', autovacuum: 'off' }

interface FullDisk {
  disk: SmallDisk
  gateway: Replaceable
  events: number
  /** runs while the disk is full */
  meanwhile?: () => Promise<unknown>
  /** starts again what has crashed, once there is room */
  restore?: () => Promise<unknown>
}

type Statuses = Map<number | undefined, number>

const note = (seen: Statuses, status: number | undefined) => seen.set(status, (seen.get(status) ?? 0) + 1)

/** Reads until the end; undefined counts requests without an answer. */
function startReading(gateway: Replaceable) {
  const seen: Statuses = new Map()
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      note(seen, (await gateway.current.rest('GET', 'endpoint/').catch(() => undefined))?.status)
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

/**
 * Publishes and delivers before, while and after the disk is full. Each acknowledged event arrives, and is on record once.
 *
 * @returns the statuses of rejected publications, and of reads while the disk was full
 */
async function expectNothingLost({
  disk,
  gateway,
  events,
  meanwhile = async () => undefined,
  restore = async () => undefined,
}: FullDisk) {
  const receivers = [await startReceiver(() => ({ status: 204, afterMs: 20 })), await startReceiver()]
  const endpointIds: number[] = []
  for (const { url } of receivers)
    endpointIds.push((await gateway.current.createEndpoint({ target: url })).id)
  const acknowledged: number[] = []
  const refused: Statuses = new Map()
  const publishing = publishUntilAcknowledged(gateway, {
    count: events,
    concurrency: 4,
    onAcknowledged: (id) => acknowledged.push(id),
    onRefused: (status) => note(refused, status),
  })
  await until(() => acknowledged.length >= events / 4)
  disk.fill()
  const reading = startReading(gateway)
  await meanwhile()
  await until(() => [...refused.values()].reduce((sum, count) => sum + count, 0) >= REJECTED_MIN)
  await sleep(FULL_MS)
  const read = await reading.end()
  const taken = acknowledged.length
  disk.makeRoom()
  const roomAt = Date.now()
  await restore()
  await publishing
  await until(() => arrivedAtAll(receivers, acknowledged))
  const arrivedAfter = Date.now() - roomAt
  await expectDelivered(gateway, receivers, acknowledged)
  const repeats = receivers.map(({ received }) => received.length - events)
  report(
    `${taken} of ${events} acknowledged when there was room; publishers received ${JSON.stringify([...refused])}, readers ${JSON.stringify([...read])}`,
  )
  report(`all had arrived ${arrivedAfter} ms after there was room, ${repeats} repeated`)
  expect(new Set(acknowledged).size).toBe(events)
  expect(gateway.current.output()).not.toMatch(/internal error|an outcome cannot be recorded/)
  for (const id of endpointIds) expect(await attemptCount(gateway.current, id)).toBe(events)
  await closeAll(receivers)
  return { refused: [...refused.keys()], read: [...read.keys()] }
}

function folderIn(parent: string): string {
  const folder = join(parent, 'postgres')
  mkdirSync(folder)
  return folder
}

describe('a database server', () => {
  smallDiskOnly('whose tables have no room is unavailable, and loses nothing that it took', async () => {
    const disk = mountSmallDisk(64)
    const walFolder = mkdtempSync(join(tmpdir(), 'hookgate-wal-'))
    const postgres = await startPrivatePostgres({
      folder: folderIn(disk.folder),
      walFolder,
      settings: SETTINGS,
    })
    const gateway = { current: await startTestGateway({}, await postgres.createDatabase('hookgate')) }
    const { refused, read } = await expectNothingLost({ disk, gateway, events: 1_000 })
    expect(refused).toEqual([503])
    expect(read).toEqual([200])
    expect(gateway.current.output()).toContain('53100')
    expect(postgres.isRunning()).toBe(true)
    await gateway.current.stop()
  })

  smallDiskOnly('whose log has no room, and crashes, loses nothing that it took', async () => {
    const disk = mountSmallDisk(16)
    const postgres = await startPrivatePostgres({ walFolder: folderIn(disk.folder), settings: SETTINGS })
    const gateway = { current: await startTestGateway({}, await postgres.createDatabase('hookgate')) }
    const { refused, read } = await expectNothingLost({
      disk,
      gateway,
      events: 1_000,
      meanwhile: () => until(() => !postgres.isRunning()),
      restore: postgres.start,
    })
    // The server crashes with changes that it has not answered.
    expect(refused.filter((status) => status !== 503 && status !== 504)).toEqual([])
    expect(read.filter((status) => status !== 200 && status !== 503)).toEqual([])
    await gateway.current.stop()
  })
})

describe('the embedded database', () => {
  smallDiskOnly('whose tables have no room is unavailable, and loses nothing that it took', async () => {
    const disk = mountSmallDisk(96)
    const database = testDatabase({ HOOKGATE_DATA_DIR: join(disk.folder, 'data') })
    const gateway = { current: await startTestGateway({}, database) }
    const { refused, read } = await expectNothingLost({ disk, gateway, events: 400 })
    expect(refused).toEqual([503])
    expect(read).toEqual([200])
    await gateway.current.stop()
  })

  smallDiskOnly(
    'whose log has no room ends its process in words, and has lost nothing with room again',
    async () => {
      const database = testDatabase({})
      await (await startTestGateway({}, database)).end()
      const disk = mountSmallDisk(40, join(database.dataDir, 'postgres/pg_wal'))
      const first = await startTestGateway({}, database)
      const gateway: Replaceable = { current: first }
      const big = { type: 'user.deleted', data: randomBytes(150_000).toString('base64') }
      const publishBig = () => first.rest('POST', 'event/', { json: big }).then(({ status }) => status)
      const { refused } = await expectNothingLost({
        disk,
        gateway,
        events: 400,
        async meanwhile() {
          while (first.process.exitCode === null)
            expect([201, 503, undefined]).toContain(await publishBig().catch(() => undefined))
          await expect(startTestGateway({}, database)).rejects.toThrow('Is there room on its disk?')
        },
        async restore() {
          gateway.current = await startTestGateway({}, database)
        },
      })
      expect(first.process.exitCode).toBe(1)
      expect(first.output()).toMatch(/The embedded database in \S+ has crashed: .*No space left.* make room/)
      expect(refused.filter((status) => status !== 503 && status !== undefined)).toEqual([])
      await gateway.current.end()
    },
  )
})
