import { readFileSync, statSync } from 'node:fs'

/** How often a file is looked at, at most. */
const LOOK_EVERY_MS = 1_000

/**
 * The parsed content of a small file of the operating system, read again when the file has changed. A file that cannot be read
 * counts as empty: not every system has one.
 */
export function watchedFile<T>(path: string, parse: (text: string) => T): () => T {
  let content = parse('')
  let version = ''
  let lookedAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - lookedAt < LOOK_EVERY_MS) return content
    lookedAt = now
    const found = versionOf(path)
    if (found !== version) {
      version = found
      content = parse(found === '' ? '' : read(path))
    }
    return content
  }
}

function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
