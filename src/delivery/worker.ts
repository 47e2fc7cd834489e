import type { Bell } from '../database/bell'
import { prune } from '../events/retention'
import { Dispatcher, type DispatcherOptions } from './dispatcher'

/** How often old records are looked for. */
const PRUNE_EVERY_MS = 60_000
/** A rest between two batches, in which the database serves deliveries. */
const PRUNE_REST_MS = 100

export interface Worker {
  /** See Dispatcher.stop. */
  stop(withinMs: number): Promise<void>
}

/** Starts what a process with the role `worker` does: delivering, and pruning what is older than the retention. */
export function startWorker(options: DispatcherOptions, bell: Bell): Worker {
  const { config, log } = options
  const { prisma } = options.database
  const dispatcher = new Dispatcher(options)
  bell.onRing(() => dispatcher.wake())
  dispatcher.start()

  let stopping = false
  let pruning: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const pruneOne = async () => {
    let removed = 0
    try {
      removed = await prune(prisma, config.retentionDays)
    } catch (error) {
      log.warn({ err: error }, 'old records cannot be pruned at the moment')
    }
    if (!stopping) schedule(removed > 0 ? PRUNE_REST_MS : PRUNE_EVERY_MS)
  }
  const schedule = (wait: number) => {
    timer = setTimeout(() => {
      pruning = pruneOne()
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
