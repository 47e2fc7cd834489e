import type { PGlite } from '@electric-sql/pglite'

/**
 * Watches for a PANIC of the embedded database, for instance when its log finds no room on the disk. A server would end itself
 * and recover from the log at its next start. The embedded database keeps running, but its next commit never returns. After a
 * PANIC this function therefore rejects every statement with the error code of a crashed server.
 *
 * @returns resolves at the first PANIC with the database's error
 */
export function watchForPanic(pglite: PGlite): Promise<Error> {
  const speak = pglite.execProtocolStream.bind(pglite)
  let crash: Error | undefined
  return new Promise((resolve) => {
    // Every statement passes through this method, one after the other.
    pglite.execProtocolStream = async (...message) => {
      if (crash) throw crash
      try {
        return await speak(...message)
      } catch (error) {
        const { severity } = error as { severity?: unknown }
        if (severity === 'PANIC') {
          // 57P02 is PostgreSQL's code crash_shutdown.
          crash = Object.assign(new Error('The embedded database has crashed.'), { code: '57P02' })
          resolve(error as Error)
        }
        throw error
      }
    }
  })
}
