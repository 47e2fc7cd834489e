import type { Logger } from 'pino'
import type { Database } from '../database/database'

const CHECK_EVERY_MS = 60_000
/** A vacuum is worth its cost after this many recorded attempts. */
const VACUUM_AFTER = 10_000

export interface VacuumOptions {
  database: Pick<Database, 'vacuum'>
  log: Logger
  /** attempts that this process has recorded since its start */
  recorded: () => number
}

export interface Vacuum {
  /** Starts no more, and waits for the one that runs. */
  stop(): Promise<void>
}

/** Vacuums the database from time to time, because each claim and each recorded attempt leaves a dead row behind. */
export function startVacuum({ database, log, recorded }: VacuumOptions): Vacuum {
  let running: Promise<void> | undefined
  let recordedBefore = 0
  const vacuum = async () => {
    if (running !== undefined || recorded() - recordedBefore < VACUUM_AFTER) return
    recordedBefore = recorded()
    running = database.vacuum().catch((error) => {
      log.warn({ err: error }, 'the database cannot be vacuumed at the moment')
    })
    await running
    running = undefined
  }
  const timer = setInterval(vacuum, CHECK_EVERY_MS)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
