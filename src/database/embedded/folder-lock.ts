import { createHash, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 1_000
const RETRY_MS = 5
/** A lock from another host or container counts as abandoned after this long without a heartbeat. */
const ABANDONED_AFTER_MS = 5_000

/** Who holds the folder. `space` tells which process table `pid` belongs to. */
interface Owner {
  id: string
  pid: number
  startedAt: string
  space: string
}

export interface FolderLock {
  release(): void
}

/**
 * Takes the folder for this process alone. PGlite itself has no such lock: two processes on one folder corrupt it.
 *
 * A lock left by a killed process is recovered at once when its process table is this one (the pid is gone, or was
 * given to a process that started at another time); a lock of another host or container, whose pids say nothing
 * here, is recovered when its heartbeat stops.
 *
 * @throws Error, in words for the operator, when a live process holds the folder
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'lock')
  const self: Owner = {
    id: randomUUID(),
    pid: process.pid,
    startedAt: startOf(process.pid) || 'running',
    space: processTable(),
  }
  const draft = `${path}.${self.id}`
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 })
  try {
    await take(path, draft, (owner) => {
      throw new Error(heldMessage(folder, owner))
    })
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

/** Puts the draft at `path` once nobody living holds it; `onHeld` is told of each who does. */
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

/** A hard link appears whole or not at all, and only where nothing stands yet. */
function claim(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined when the lock is gone; a lock that makes no sense (a torn disk) is nobody's. */
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
  // Clocks of other hosts may be ahead of ours: a beat is awaited for as long as one could take, and no longer.
  const seen = lastBeat(path)
  const silentFor = Math.max(Date.now() - seen, 0)
  for (let waited = silentFor; waited < ABANDONED_AFTER_MS; waited += HEARTBEAT_MS / 4) {
    await sleep(HEARTBEAT_MS / 4)
    if (lastBeat(path) !== seen) return true
  }
  return false
}

/**
 * Removes an abandoned lock. The right to do so is a lock itself, named after the one to remove and taken in the same
 * way, because of two processes that judge one lock abandoned the slower could otherwise remove the quicker one's.
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
    // The folder was taken away under a running gateway: the database reports that by itself.
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
