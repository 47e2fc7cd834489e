import { Queue, Worker } from 'bullmq'
import { serveQueue } from './queue-process'
import { CONCURRENCY, type Webhook } from './webhooks'

const NAME = 'webhooks'
/** Keeps the keys apart from other users of the same Redis server. */
const prefix = process.env.REDIS_PREFIX ?? ''
const connection = { url: process.env.REDIS_URL ?? '', maxRetriesPerRequest: null }

let queue: Queue<Webhook> | undefined
let worker: Worker<Webhook> | undefined

/** `bullmq`: BullMQ on Redis, jobs added in bulk and removed when they are done. */
serveQueue({
  async open() {
    const defaultJobOptions = {
      attempts: 6,
      backoff: { type: 'exponential', delay: 5_000 },
      removeOnComplete: true,
    }
    queue = new Queue<Webhook>(NAME, { connection, prefix, defaultJobOptions })
    await queue.waitUntilReady()
  },
  async enqueue(webhooks) {
    await queue?.addBulk(webhooks.map((data) => ({ name: 'send', data })))
  },
  async work(send) {
    worker = new Worker<Webhook>(NAME, (job) => send(job.data), {
      connection,
      prefix,
      concurrency: CONCURRENCY,
    })
    worker.on('error', (error) => console.error(error))
    await worker.waitUntilReady()
  },
  async close() {
    await worker?.close()
    await queue?.obliterate({ force: true })
    await queue?.close()
  },
})
