import { type FolderLock, lockFolder } from '../../src/database/embedded/folder-lock'
import { serveCommands } from './commands'

export type LockHolderCommands = typeof commands

let lock: FolderLock | undefined

/** Takes the lock of a folder and releases it. */
const commands = {
  /** @returns the message of the error when the lock is held by another process */
  async lock(folder: string): Promise<'locked' | { message: string }> {
    try {
      lock = await lockFolder(folder)
      return 'locked'
    } catch (error) {
      return { message: (error as Error).message }
    }
  },
  release() {
    lock?.release()
    lock = undefined
  },
}

serveCommands(() => commands)
