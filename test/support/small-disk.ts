import { execFileSync } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './leftovers'
import { isRoot } from './private-postgres'

/** A file system of a few megabytes, in memory, that a test fills to the last byte. */
export interface SmallDisk {
  folder: string
  /** Fills the disk, and keeps filling it, until `makeRoom`. */
  fill(): void
  makeRoom(): void
}

const PIECE = Buffer.alloc(64 * 1024)
const FILL_EVERY_MS = 50

/**
 * Mounts a small disk until the end of the test file. Needs root.
 *
 * @param over a folder that the disk replaces, with the folder's content; default: a new folder
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
    // Processes with open files on the disk keep it until they end.
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
