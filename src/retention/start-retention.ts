import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { DeliveryConfig } from '../config/config'
import type { PrismaClient } from '../generated/prisma/client'
import { delayReporter } from './delay-reporter'
import { findPartitionUsers } from './partitions/event-partitions'
import { prune } from './prune'

const PRUNE_EVERY_MS = 60_000

/** The parts of the gateway that the retention needs. */
export interface RetentionCore {
  prisma: PrismaClient
  deliveryConfig: Pick<DeliveryConfig, 'retentionDays'>
}

export interface Retention {
  /** Starts no further statement, and resolves when the one in progress has ended. */
  stop(): Promise<void>
}

/** Prunes once a minute. Processes with any role do so: publishing needs partitions for events to come, too. */
export function startRetention({ prisma, deliveryConfig }: RetentionCore, log: Logger): Retention {
  const stopping = new AbortController()
  const reportDelay = delayReporter((firstEventId) => findPartitionUsers(prisma, firstEventId), log)
  const onFailure = (error: unknown) => log.warn({ err: error }, 'old records cannot be pruned at the moment')
  const pruneOnce = async () => {
    const isStopping = () => stopping.signal.aborted
    const pruned = await prune(prisma, { retentionDays: deliveryConfig.retentionDays, isStopping, onFailure })
    if (pruned.emptied.length > 0)
      log.info({ firstEventIds: pruned.emptied.map(String) }, 'removed old events')
    await reportDelay(pruned)
  }
  const pruneRepeatedly = async () => {
    for (;;) {
      await sleep(PRUNE_EVERY_MS, undefined, { signal: stopping.signal })
      await pruneOnce().catch(onFailure)
    }
  }
  const stopped = pruneRepeatedly().catch((error) => {
    if (!stopping.signal.aborted) throw error
  })
  return {
    async stop() {
      stopping.abort()
      await stopped
    },
  }
}
