import { readFileSync } from 'node:fs'

/**
 * How many files and sockets this process may have open (proc(5), limits); Infinity where the system does not say it. Clients and
 * sends may each take a third: the database, files and idle connections to receivers need the rest.
 */
export function descriptorsMax(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  } catch {
    // Not Linux.
    return Number.POSITIVE_INFINITY
  }
}

/** A third of the descriptors, at least 1. */
export const thirdOfDescriptors = (): number => Math.max(1, Math.floor(descriptorsMax() / 3))
