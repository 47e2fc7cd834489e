import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { inParallel } from '../../api'
import { outcomes, recordedAttempts } from '../../database/tables'
import { connected } from '../../databases'
import { startGateway } from '../../processes'
import { profiling, type Run } from '../../run'
import { elapsedMs, type Receiver } from '../receiver'
import { checkSample, ENDPOINTS, type Published, switchOn, WARM_UP } from './published'

const POLL_MS = 50
export const DELIVERED_WITHIN_MS = 120_000

/** In deliveries per second, after the warm-up. */
export interface Rates {
  recorded: number
  received: number
}

interface Drive {
  receiver: Receiver
  published: Published
  /** number of worker processes */
  workers: number
  /** environment of the workers, beside the usual one */
  env?: Record<string, string>
  /** runs while the workers deliver, from the warm-up on; the drive waits for it */
  watch?(database: string, isDone: () => boolean): Promise<void>
}

/**
 * Delivers everything by some workers, on a copy of the database.
 *
 * @throws Error when a delivery is sent twice, or is recorded as anything but delivered
 */
export async function driveWorkers(
  run: Run,
  { receiver, published, workers, env, watch }: Drive,
): Promise<Rates> {
  const expected = published.events.length * ENDPOINTS
  const database = await run.databases.create(published.database)
  const processes = await inParallel(
    Array.from({ length: workers }),
    () =>
      startGateway(
        { ...env, DATABASE_URL: database, HOOKGATE_ROLES: 'worker' },
        run.teardown,
        profiling(run),
      ),
    workers,
  )
  await receiver.receipts()
  await switchOn(run, database)
  let isDone = false
  const { warmUp, warm, whole } = await connected(database, async (client) => {
    const warm = await recorded(client, expected * WARM_UP)
    const watching = watch?.(database, () => isDone)
    const warmUp = await receiver.receipts()
    const whole = await recorded(client, expected)
    isDone = true
    await watching
    return { warmUp, warm, whole }
  })
  const receipts = await receiver.receipts()
  await Promise.all(processes.map((process) => process.stop()))
  const duplicates = warmUp.duplicates + receipts.duplicates
  const received = warmUp.count + receipts.count
  const counts = { ...(await outcomes(database)), received, duplicates }
  await run.databases.drop(database)
  if (Object.entries(counts).some(([name, value]) => value !== (name === 'duplicates' ? 0 : expected))) {
    throw new Error(`${expected} deliveries by ${workers} workers led to ${JSON.stringify(counts)}`)
  }
  checkSample(warmUp.sample, published)
  return {
    recorded: ((whole.count - warm.count) / elapsedMs(warm.at, whole.at)) * 1_000,
    received: (receipts.count / elapsedMs(receipts.firstAt, receipts.lastAt)) * 1_000,
  }
}

/** Waits until so many attempts are recorded. Returns how many there are then, and the instant. */
async function recorded(client: Client, count: number): Promise<{ count: number; at: bigint }> {
  const until = performance.now() + DELIVERED_WITHIN_MS
  while (performance.now() < until) {
    const now = await recordedAttempts(client)
    if (now >= count) return { count: now, at: process.hrtime.bigint() }
    await sleep(POLL_MS)
  }
  throw new Error(`${count} deliveries were not recorded within ${DELIVERED_WITHIN_MS / 1_000} s`)
}
