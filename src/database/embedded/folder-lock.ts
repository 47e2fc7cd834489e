import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makePrivateFolder, unusableFolder } from '../../private-folder'

const HEARTBEAT_MS = 1_000
const RETRY_MS = 5
/** A lock from another host or container counts as abandoned after this long without a heartbeat. */
const ABANDONED_AFTER_MS = 5_000

/** The process that holds the folder. */
interface Owner {
  id: string
  pid: number
  startedAt: string
  /** the process table that `pid` belongs to */
  space: string
}

export interface FolderLock {
  release(): void
}

/**
 * Locks the folder for this process alone, and creates it where it is missing. PGlite has no such lock: two processes on one folder corrupt the database.
 *
 * The lock of a killed process is taken over at once when the process had this process table: its pid is gone, or belongs to a
 * process that started at another time. The pids of another host or container mean nothing here; such a lock is taken over
 * when its heartbeat stops.
 *
 * @throws Error with a message for the operator when a live process holds the folder, or the folder cannot be written
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  makePrivateFolder(folder)
  const path = join(folder, 'lock')
  const self: Owner = {
    id: randomUUID(),
    pid: process.pid,
    startedAt: startOf(process.pid) || 'running',
    space: processTable(),
  }
  const draft = `${path}.${self.id}`
  try {
    writeFileSync(draft, JSON.stringify(self), { mode: 0o600 })
    await take(path, draft, (owner) => {
      throw new Error(heldMessage(folder, owner))
    })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : unusableFolder(folder, error)
  } finally {
    rmSync(draft, { force: true })
  }
  const heartbeat = setInterval(() => beat(path), HEARTBEAT_MS)
  heartbeat.unref()
  return {
    release() {
      clearInterval(heartbeat)
      if (readOwner(path)?.id === self.id) rmSync(path, { force: true })
    },
  }
}

/** Links the draft to `path` as soon as no live process holds the lock. Calls `onHeld` for each live owner. */
async function take(path: string, draft: string, onHeld: (owner: Owner) => void): Promise<void> {
  while (!claim(draft, path)) {
    const owner = readOwner(path)
    if (owner === undefined) continue
    if (await isHeld(path, owner)) {
      onHeld(owner)
      await sleep(RETRY_MS)
    } else {
      await evict(path, owner, draft)
    }
  }
}

/** Creates a hard link, which appears complete or not at all, and only if the path is free. */
function claim(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined = there is no lock. A damaged lock file has no owner: pid 0. */
function readOwner(path: string): Owner | undefined {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const nobody: Owner = { id: content, pid: 0, startedAt: '', space: '' }
  try {
    const owner = JSON.parse(content)
    return typeof owner?.id === 'string' && Number.isInteger(owner.pid) ? owner : nobody
  } catch {
    return nobody
  }
}

async function isHeld(path: string, owner: Owner): Promise<boolean> {
  if (owner.pid === 0) return false
  if (owner.space === processTable()) return owner.startedAt === startOf(owner.pid)
  // The clock of another host may be ahead of ours: wait for one heartbeat, no longer than a live owner may take.
  const seen = lastBeat(path)
  const silentFor = Math.max(Date.now() - seen, 0)
  for (let waited = silentFor; waited < ABANDONED_AFTER_MS; waited += HEARTBEAT_MS / 4) {
    await sleep(HEARTBEAT_MS / 4)
    if (lastBeat(path) !== seen) return true
  }
  return false
}

/**
 * Removes an abandoned lock. Removing needs a lock of its own, named after the abandoned one. Without it, of two processes that
 * find the same lock abandoned, the slower one could remove the lock that the quicker one has just taken.
 */
async function evict(path: string, abandoned: Owner, draft: string): Promise<void> {
  const right = `${path}.evict-${createHash('sha256').update(abandoned.id).digest('hex').slice(0, 16)}`
  await take(right, draft, () => undefined)
  try {
    if (readOwner(path)?.id === abandoned.id) rmSync(path, { force: true })
  } finally {
    rmSync(right, { force: true })
  }
}

function beat(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Somebody removed the folder of a running gateway. The database reports that itself.
  }
}

function lastBeat(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/**
 * When a process started, in clock ticks since boot (field 22 of proc(5) stat); empty when it is not running. One
 * that has ended and whose parent has not noticed (Z, X) holds nothing any more.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? '' : (fields[18] ?? '')
  } catch {
    // Without /proc, our own pid on a lock that we do not hold was somebody's before us.
    return isRunning(pid) && pid !== process.pid ? 'running' : ''
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Names the process table: host, boot and, on Linux, PID namespace. */
function processTable(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${statSync('/proc/self/ns/pid').ino}`
  } catch {
    return hostname()
  }
}

function heldMessage(folder: string, owner: Owner): string {
  return (
    `The data folder ${folder} is in use by another Hookgate process (pid ${owner.pid}). ` +
    'Stop that process, or set HOOKGATE_DATA_DIR to another folder.'
  )
}
