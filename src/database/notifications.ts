/** The worker of this process, as notifications see it. */
export interface NotifiedWorker {
  /**
   * Claims now, because deliveries are due.
   *
   * @returns false when this process cannot send so many more now, so that other workers must claim, too
   */
  wake(deliveries: number): boolean
  /** Looks after this time, at the latest, whether deliveries are due, and claims then. */
  lookIn(milliseconds: number): void
  /** Looks after this time, at the latest, whether events must be fanned out, and makes their deliveries then. */
  fanOutIn(milliseconds: number): void
}

/**
 * Wakes workers of all processes on one database, because deliveries may be due: as many workers as there is work for. A
 * notification may get lost, or wake a worker that has just died, so workers also look from time to time.
 */
export interface WorkerNotifications {
  /**
   * Never throws and never waits. Notifications in quick succession count as one.
   *
   * @param deliveries how many are due; default 1
   */
  notifyWorkers(deliveries?: number): void
  /** An event must be fanned out: one worker is enough. Never throws and never waits. */
  notifyFanOut(): void
  /** The worker of this process cannot take everything that is due: wakes another one. Never throws and never waits. */
  notifyOthers(): void
  /**
   * Names the worker of this process, which is notified from now on.
   *
   * @returns ends that: other workers are notified instead
   */
  register(worker: NotifiedWorker): () => Promise<void>
  /**
   * How much later than the first worker this one claims a delivery that falls due: all workers know when, and one is
   * enough. Milliseconds.
   */
  delayMs(): number
  close(): Promise<void>
}

/** For the only process on a database: nothing goes through the database. */
export function localNotifications(): WorkerNotifications {
  let worker: NotifiedWorker | undefined
  return {
    notifyWorkers: (deliveries = 1) => void worker?.wake(deliveries),
    notifyFanOut: () => worker?.fanOutIn(0),
    notifyOthers: () => undefined,
    register(given) {
      worker = given
      return async () => {
        worker = undefined
      }
    },
    delayMs: () => 0,
    close: async () => undefined,
  }
}
