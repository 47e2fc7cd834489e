import type { WorkerNotifications } from '../database/notifications'
import { prune } from '../retention/prune'
import { Dispatcher, type DispatcherOptions } from './queue/dispatcher'

/** How often old records are looked for. */
const PRUNE_EVERY_MS = 60_000
/** A rest between two batches, in which the database serves deliveries. */
const PRUNE_REST_MS = 100

/** Outcomes after which what they left behind is worth a vacuum. */
const VACUUM_AFTER = 10_000

export interface Worker {
  /** See Dispatcher.stop. */
  stop(withinMs: number): Promise<void>
}

/** Starts what a process with the role `worker` does: delivering, and pruning what is older than the retention. */
export function startWorker(options: DispatcherOptions, notifications: WorkerNotifications): Worker {
  const { deliveryConfig, database, log } = options
  const dispatcher = new Dispatcher(options)
  notifications.onNotification(() => dispatcher.wake())
  dispatcher.start()

  let stopping = false
  let pruning: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let vacuumedAt = 0
  const pruneSome = async () => {
    const removed = await prune(database.prisma, deliveryConfig.retentionDays, (error) =>
      log.warn({ err: error }, 'old records cannot be pruned at the moment'),
    )
    if (removed === 0) await vacuum()
    if (!stopping) schedule(removed > 0 ? PRUNE_REST_MS : PRUNE_EVERY_MS)
  }
  const vacuum = async () => {
    if (dispatcher.recorded - vacuumedAt < VACUUM_AFTER) return
    vacuumedAt = dispatcher.recorded
    await database
      .vacuum()
      .catch((error) => log.warn({ err: error }, 'the database cannot be vacuumed at the moment'))
  }
  const schedule = (wait: number) => {
    timer = setTimeout(() => {
      pruning = pruneSome()
    }, wait)
  }
  schedule(PRUNE_EVERY_MS)

  return {
    async stop(withinMs) {
      stopping = true
      clearTimeout(timer)
      await Promise.all([dispatcher.stop(withinMs), pruning])
    },
  }
}
