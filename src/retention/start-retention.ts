import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { DeliveryConfig } from '../config/config'
import type { PrismaClient } from '../generated/prisma/client'
import { findPartitionUsers } from './partitions/event-partitions'
import { type Pruned, prune } from './prune'

const PRUNE_EVERY_MS = 60_000
/** Old events that cannot be removed for so long are reported, and again each time it has passed. */
const REPORT_DELAY_S = 3_600

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
  const reportDelay = delayReporter(prisma, log)
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

/** Logs which processes of the server keep old events from being removed, when that lasts. */
function delayReporter(prisma: PrismaClient, log: Logger) {
  let reportAfterS = REPORT_DELAY_S
  return async ({ delayed }: Pruned) => {
    if (delayed === undefined) {
      reportAfterS = REPORT_DELAY_S
      return
    }
    if (delayed.overdueS < reportAfterS) return
    reportAfterS = delayed.overdueS + REPORT_DELAY_S
    const usedBy = await findPartitionUsers(prisma, delayed.firstEventId)
    log.warn(
      {
        firstEventId: String(delayed.firstEventId),
        overdueHours: Math.round(delayed.overdueS / 3_600),
        usedBy,
      },
      'old events cannot be removed while other transactions use their tables',
    )
  }
}
