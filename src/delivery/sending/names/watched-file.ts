import { readFileSync, statSync } from 'node:fs'

/** How often a file is looked at, at most. */
const LOOK_EVERY_MS = 1_000

/**
 * The parsed content of a small file of the operating system, read again when the file has changed. A missing file counts as
 * empty: not every system has one.
 */
export function watchedFile<T>(path: string, parse: (text: string) => T): () => T {
  let content = parse('')
  let version = MISSING
  let lookedAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - lookedAt < LOOK_EVERY_MS) return content
    lookedAt = now
    try {
      const found = versionOf(path)
      if (found !== version) content = parse(found === MISSING ? '' : readFileSync(path, 'utf8'))
      version = found
    } catch {
      // Such as too few file descriptors. The last content counts until the file can be read.
    }
    return content
  }
}

const MISSING = ''

function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? MISSING : `${found.ino} ${found.size} ${found.mtimeMs}`
}
