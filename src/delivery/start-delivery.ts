import type { Database } from '../database/database'
import { Dispatcher, type DispatcherOptions } from './queue/dispatcher'

const VACUUM_CHECK_EVERY_MS = 60_000
/** A vacuum is worth its cost after this many recorded attempts. */
const VACUUM_AFTER = 10_000

export interface DeliveryOptions extends DispatcherOptions {
  database: DispatcherOptions['database'] & Pick<Database, 'notifications' | 'vacuum'>
}

/** The delivering part of a process with the role `worker`. */
export interface Delivery {
  /** See Dispatcher.stop. A second call waits for the first one. */
  stop(withinMs: number): Promise<void>
}

/** Starts the dispatcher, and wakes it at every notification. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const dispatcher = new Dispatcher(options)
  options.database.notifications.onNotification(() => dispatcher.wake())
  dispatcher.start()
  const vacuuming = startVacuum(options, dispatcher)
  let stopped: Promise<unknown> | undefined
  return {
    async stop(withinMs) {
      stopped ??= Promise.all([dispatcher.stop(withinMs), vacuuming.stop()])
      await stopped
    },
  }
}

/** Vacuums from time to time, because each claim and each recorded attempt leaves a dead row behind. */
function startVacuum({ database, log }: DeliveryOptions, dispatcher: Dispatcher) {
  let running: Promise<void> | undefined
  let recordedBefore = 0
  const vacuum = async () => {
    if (running !== undefined || dispatcher.recorded - recordedBefore < VACUUM_AFTER) return
    recordedBefore = dispatcher.recorded
    running = database.vacuum().catch((error) => {
      log.warn({ err: error }, 'the database cannot be vacuumed at the moment')
    })
    await running
    running = undefined
  }
  const timer = setInterval(vacuum, VACUUM_CHECK_EVERY_MS)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
