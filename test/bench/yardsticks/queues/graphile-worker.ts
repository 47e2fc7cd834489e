import { Logger, makeWorkerUtils, type Runner, run, runMigrations, type WorkerUtils } from 'graphile-worker'
import { CONNECTIONS, DATABASE_URL } from '../serving'
import { serveQueue } from './queue-process'
import { CONCURRENCY, type Webhook } from './webhooks'

const TASK = 'send'
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message)
})
/** The preset that the manual's page on performance measures with, and our number of sends in flight. */
const preset = {
  worker: {
    connectionString: DATABASE_URL,
    concurrentJobs: CONCURRENCY,
    maxPoolSize: CONNECTIONS,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger,
  },
}

let utils: WorkerUtils | undefined
let runner: Runner | undefined

/** `graphile-worker`: jobs in PostgreSQL, fetched by its local queue and completed in batches. */
serveQueue({
  async open() {
    await runMigrations({ preset })
    utils = await makeWorkerUtils({ preset })
  },
  async enqueue(webhooks) {
    await utils?.addJobs(webhooks.map((payload) => ({ identifier: TASK, payload, maxAttempts: 6 })))
  },
  async work(send) {
    runner = await run({ preset, taskList: { [TASK]: (payload) => send(payload as Webhook) } })
  },
  async close() {
    await runner?.stop()
    await utils?.release()
  },
})
