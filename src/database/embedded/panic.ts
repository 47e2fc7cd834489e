import type { PGlite } from '@electric-sql/pglite'

/**
 * Watches for the embedded database's PANIC, as when its log finds no room on the disk. A server would end itself then
 * and recover from the log as it starts anew; this one goes on, and its next commit never returns. So nothing reaches it
 * any more: statements are refused as by a server that has crashed.
 *
 * @returns resolves when that happens, if ever, with what the database said
 */
export function watchForPanic(pglite: PGlite): Promise<Error> {
  const speak = pglite.execProtocolStream.bind(pglite)
  let crash: Error | undefined
  return new Promise((resolve) => {
    // Everything goes through it, one statement after the other: none gets in between.
    pglite.execProtocolStream = async (...message) => {
      if (crash) throw crash
      try {
        return await speak(...message)
      } catch (error) {
        const { severity } = error as { severity?: unknown }
        if (severity === 'PANIC') {
          // PostgreSQL's crash_shutdown
          crash = Object.assign(new Error('The embedded database has crashed.'), { code: '57P02' })
          resolve(error as Error)
        }
        throw error
      }
    }
  })
}
