import type { Logger } from 'pino'
import type { DeliveryConfig } from '../config/config'
import type { PrismaClient } from '../generated/prisma/client'
import { prune } from './prune'

const PRUNE_EVERY_MS = 60_000
/** The pause between two batches, in which the database serves deliveries. */
const PAUSE_MS = 100

/** The parts of the gateway that the retention needs. */
export interface RetentionCore {
  prisma: PrismaClient
  deliveryConfig: Pick<DeliveryConfig, 'retentionDays'>
}

export interface Retention {
  /** Starts no further batch, and resolves when the batch in progress has ended. */
  stop(): Promise<void>
}

/** Prunes old records from time to time: batch after batch until none is left, then again a minute later. */
export function startRetention({ prisma, deliveryConfig }: RetentionCore, log: Logger): Retention {
  let isStopping = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  const schedule = (waitMs: number) => {
    timer = setTimeout(() => {
      running = pruneBatch()
    }, waitMs)
  }
  const pruneBatch = async () => {
    const pruned = await prune(prisma, deliveryConfig.retentionDays, (error) =>
      log.warn({ err: error }, 'old records cannot be pruned at the moment'),
    )
    if (!isStopping) schedule(pruned > 0 ? PAUSE_MS : PRUNE_EVERY_MS)
  }
  schedule(PRUNE_EVERY_MS)
  return {
    async stop() {
      isStopping = true
      clearTimeout(timer)
      await running
    },
  }
}
