import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { median } from './statistics'

/** Resident memory of a process in MB (VmRSS of proc(5) status). */
export function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) / 1024
}

/** How many files, sockets and pipes a process holds open. */
export const openHandles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length

/** Values of one figure, read one after the other. */
export interface Samples {
  values: number[]
  /** Stops reading. */
  end(): void
}

/** Reads a figure again and again until it is ended. */
export function sample(read: () => number, everyMs = 200): Samples {
  const values: number[] = []
  const timer = setInterval(() => values.push(read()), everyMs)
  return { values, end: () => clearInterval(timer) }
}

/** The development of a series after its warm-up. */
export interface Trend {
  /** medians of the second and the last third */
  middle: number
  last: number
  peak: number
}

/** The first third is the warm-up: caches fill, code is compiled, the heap reaches its size. */
export function trendOf(values: number[]): Trend {
  const third = Math.floor(values.length / 3)
  return {
    middle: median(values.slice(third, 2 * third)),
    last: median(values.slice(2 * third)),
    peak: Math.max(...values),
  }
}

/** How many of a process's open files are sockets. */
export const openSockets = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`)).length

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch (error) {
    // Closed since it was listed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** How many threads a process runs. */
export const threads = (pid: number) =>
  Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
