import { execFileSync } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './leftovers'
import { isRoot } from './private-postgres'

/** A file system of a few megabytes, in memory, that a test fills to the last byte. */
export interface SmallDisk {
  folder: string
  /** Leaves no room, and takes again what becomes free, until room is made. */
  fill(): void
  makeRoom(): void
}

const PIECE = Buffer.alloc(64 * 1024)
const FILL_EVERY_MS = 50

/**
 * Mounts one; it is gone when the test file ends. Needs root.
 *
 * @param over a folder that it takes the place of, with all that is in there; default: a new one
 */
export function mountSmallDisk(megabytes: number, over?: string): SmallDisk {
  const spare = mkdtempSync(join(tmpdir(), 'hookgate-disk-'))
  const folder = over ?? spare
  if (over) cpSync(over, spare, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  if (over) cpSync(spare, over, { recursive: true })
  const ballast = join(folder, 'ballast')
  let filling: NodeJS.Timeout | undefined
  atEnd(() => {
    clearInterval(filling)
    // Whoever has files open in there keeps it until he is gone.
    execFileSync('umount', ['--lazy', folder])
    rmSync(spare, { recursive: true })
  })
  return {
    folder,
    fill() {
      fillUp(ballast)
      filling = setInterval(() => fillUp(ballast), FILL_EVERY_MS)
    },
    makeRoom() {
      clearInterval(filling)
      rmSync(ballast)
    },
  }
}

function fillUp(path: string): void {
  const file = openSync(path, 'a')
  try {
    // A write that finds less room than it needs writes what fits; the next one finds none.
    for (;;) writeSync(file, PIECE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

/** A test with a disk of its own: only root may mount one. */
export const smallDiskOnly = (name: string, act: () => Promise<void>) =>
  isRoot() ? it(name, act) : it.skip(`${name} (only root can mount a disk to fill)`, act)
