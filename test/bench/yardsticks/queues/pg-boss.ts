import PgBoss from 'pg-boss'
import { CONNECTIONS, DATABASE_URL } from '../serving'
import { serveQueue } from './queue-process'
import { CONCURRENCY, type Webhook } from './webhooks'

const NAME = 'webhooks'
/** A worker looks for jobs at most twice a second, the shortest interval that there is, so it needs large batches. */
const WORKERS = Number(process.env.WORKERS)
const options = { batchSize: Number(process.env.BATCH_SIZE), pollingIntervalSeconds: 0.5 }

const boss = new PgBoss({ connectionString: DATABASE_URL, max: CONNECTIONS })
boss.on('error', (error) => console.error(error))

/** `pg-boss`: jobs in PostgreSQL, fetched and completed in batches by one or more workers of one process. */
serveQueue({
  async open() {
    await boss.start()
    await boss.createQueue(NAME, { name: NAME, retryLimit: 5, retryDelay: 5, retryBackoff: true })
  },
  async enqueue(webhooks) {
    await boss.insert(webhooks.map((data) => ({ name: NAME, data })))
  },
  async work(send) {
    const limited = limit(CONCURRENCY, send)
    for (let worker = 0; worker < WORKERS; worker += 1) {
      await boss.work<Webhook>(NAME, options, (jobs) => Promise.all(jobs.map((job) => limited(job.data))))
    }
  },
  async close() {
    await boss.stop()
  },
})

/** Lets at most so many calls run at once; the others wait in order. */
function limit<Item>(most: number, act: (item: Item) => Promise<void>): (item: Item) => Promise<void> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (item) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      await act(item)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
