import { chmodSync, mkdirSync, statSync } from 'node:fs'

/** Who can enter a folder beside the user of this process. */
export type OpenTo = 'nobody' | 'a group' | 'everybody'

/** The rights of everybody but the owner. */
const OTHERS = 0o077

/**
 * Creates a folder that only the user of this process can enter, or makes an existing one so.
 *
 * A folder that belongs to another user stays as it is. A volume of Kubernetes is such a folder: it belongs to root and is open to
 * a group (fsGroup).
 *
 * @throws Error with a message for the operator
 */
export function makePrivateFolder(folder: string): OpenTo {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { mode, uid } = statSync(folder)
    if ((mode & OTHERS) !== 0 && uid === process.getuid?.()) chmodSync(folder, mode & ~OTHERS & 0o7777)
    // Some file systems accept the call and have no rights, such as a folder that a virtual machine shares with its host.
    return openTo(statSync(folder).mode)
  } catch (error) {
    throw unusableFolder(folder, error)
  }
}

/** Names the folder and the reason, such as `EROFS: read-only file system`. */
export function unusableFolder(folder: string, error: unknown): Error {
  return new Error(
    `The data folder ${folder} cannot be used (${reasonOf(error)}): let the user of this process write to it, or set HOOKGATE_DATA_DIR to another folder.`,
    { cause: error },
  )
}

/** The message of a system error, without the path. */
export const reasonOf = (error: unknown) => (error as Error).message.replace(/, \w+ '.*$/, '')

function openTo(mode: number): OpenTo {
  if ((mode & 0o007) !== 0) return 'everybody'
  return (mode & 0o070) === 0 ? 'nobody' : 'a group'
}
