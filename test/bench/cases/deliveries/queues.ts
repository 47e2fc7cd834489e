import { once } from 'node:events'
import { query } from '../../databases'
import { startYardstick } from '../../processes'
import type { Run } from '../../run'
import type { QueueResult, QueueTask } from '../../yardsticks/queues/queue-process'
import { elapsedMs, type Receiver } from '../receiver'
import { checkSample, ENDPOINTS, type Published, WARM_UP } from './published'
import type { Redis } from './redis'
import { DELIVERED_WITHIN_MS } from './workers'

/** The queues under measurement, by the names of their programs. */
export const QUEUES = ['bullmq', 'graphile-worker', 'pg-boss'] as const

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
  name: (typeof QUEUES)[number],
  { receiver, published, redis }: QueueDrive,
): Promise<number> {
  const total = published.events.length * ENDPOINTS
  const warmUp = total * WARM_UP
  const database = await run.databases.create()
  const env = { DATABASE_URL: database, REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix }
  const queue = await startYardstick(`queues/${name}`, env, run.teardown)
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
    throw new Error(`${total} webhooks by ${name} led to ${JSON.stringify(counts)}`)
  }
  checkSample(sample, published)
  return ((total - warmUp) / elapsedMs(warmAt, lastAt)) * 1_000
}
