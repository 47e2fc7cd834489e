import { once } from 'node:events'
import { query } from '../../databases'
import { startYardstick } from '../../processes'
import type { Run } from '../../run'
import type { QueueResult, QueueTask } from '../../yardsticks/queues/queue-process'
import { elapsedMs, type Receiver } from '../receiver'
import { checkSample, ENDPOINTS, type Published, WARM_UP } from './published'
import type { Redis } from './redis'
import { DELIVERED_WITHIN_MS } from './workers'

/** A queue under measurement. */
export interface QueueYardstick {
  program: string
  /** its name in the table */
  system: string
  /** its use, for the table */
  load: string
  env?: Record<string, string>
  /** the least ratio of the gateway to it; undefined = for information only */
  least?: number
}

export const QUEUES: QueueYardstick[] = [
  {
    program: 'bullmq',
    system: 'bullmq',
    load: '200 in flight, on Redis, attempts in PostgreSQL',
    least: 2.5,
  },
  { program: 'graphile-worker', system: 'graphile-worker', load: '200 in flight, local queue', least: 1.8 },
  {
    program: 'pg-boss',
    system: 'pg-boss',
    load: '200 in flight, batches',
    env: { WORKERS: '1', BATCH_SIZE: '1000' },
    least: 5,
  },
  // No manual says so, but it is faster.
  {
    program: 'pg-boss',
    system: 'pg-boss, 4 workers',
    load: '200 in flight, batches',
    env: { WORKERS: '4', BATCH_SIZE: '500' },
  },
]

export interface QueueDrive {
  receiver: Receiver
  published: Published
  redis: Redis
}

/**
 * Sends the same webhooks by a queue, with a new database and a new process. Returns deliveries per second that are sent and
 * recorded, after the warm-up.
 *
 * @throws Error when a webhook is sent twice, or is not recorded
 */
export async function driveQueue(
  run: Run,
  { program, system, env }: QueueYardstick,
  { receiver, published, redis }: QueueDrive,
): Promise<number> {
  const total = published.events.length * ENDPOINTS
  const warmUp = total * WARM_UP
  const database = await run.databases.create()
  const stores = { DATABASE_URL: database, REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix }
  const queue = await startYardstick(`queues/${program}`, { ...stores, ...env }, run.teardown)
  const ask = async <Answer>(task: QueueTask): Promise<Answer> => {
    const answer = once(queue.process, 'message', { signal: AbortSignal.timeout(DELIVERED_WITHIN_MS) })
    queue.process.send(task)
    const [value] = await answer
    return value as Answer
  }
  const { events, secrets } = published
  await ask({ kind: 'fill', origin: receiver.url, events, secrets: [...secrets] })
  await query(database, 'VACUUM ANALYZE')
  await receiver.receipts()
  const { warmAt, lastAt } = await ask<QueueResult>({ kind: 'work', warmUp, total })
  const { count, duplicates, sample } = await receiver.receipts()
  const [row] = await query<{ recorded: number }>(
    database,
    'SELECT count(*)::int AS recorded FROM attempts WHERE response_status = 200 AND error IS NULL',
  )
  await queue.stop()
  await run.databases.drop(database)
  const counts = { received: count, duplicates, recorded: row?.recorded }
  if (count !== total || row?.recorded !== total || duplicates > 0) {
    throw new Error(`${total} webhooks by ${system} led to ${JSON.stringify(counts)}`)
  }
  checkSample(sample, published)
  return ((total - warmUp) / elapsedMs(warmAt, lastAt)) * 1_000
}
