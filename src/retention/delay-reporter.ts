import type { Logger } from 'pino'
import type { Pruned } from './prune'

const HOUR_S = 3_600

/**
 * Logs that old events cannot be removed, once it has lasted for an hour, and again each hour, with the processes of the server that
 * use their tables.
 *
 * @param findUsers returns the process ids for a partition
 * @returns called with the result of each run
 */
export function delayReporter(
  findUsers: (firstEventId: bigint) => Promise<number[]>,
  log: Pick<Logger, 'warn'>,
): (pruned: Pruned) => Promise<void> {
  let reportAfterS = HOUR_S
  return async ({ delayed }) => {
    if (delayed === undefined) {
      reportAfterS = HOUR_S
      return
    }
    if (delayed.overdueS < reportAfterS) return
    reportAfterS = delayed.overdueS + HOUR_S
    const firstEventId = String(delayed.firstEventId)
    const overdueHours = Math.round(delayed.overdueS / HOUR_S)
    const usedBy = await findUsers(delayed.firstEventId)
    log.warn(
      { firstEventId, overdueHours, usedBy },
      'old events cannot be removed while other transactions use their tables',
    )
  }
}
