/**
 * Wakes the workers of all processes on one database, because a delivery may be due. A notification may get lost when a
 * connection breaks, so workers also poll from time to time.
 */
export interface WorkerNotifications {
  /** Never throws and never waits. Notifications in quick succession count as one. */
  notifyWorkers(): void
  onNotification(listener: () => void): void
  close(): Promise<void>
}

/** For the only process on a database: nothing goes through the database. */
export function localNotifications(): WorkerNotifications {
  const listeners: (() => void)[] = []
  return {
    notifyWorkers: () => listeners.forEach((listener) => void listener()),
    onNotification: (listener) => listeners.push(listener),
    close: async () => undefined,
  }
}
