import type { Problem } from '../failure'

/** Lists and objects within each other. Readers of receivers give up soon after, PHP's at 512. */
export const DATA_MAX_DEPTH = 500

/** The largest payload, in bytes of JSON. */
export const DATA_MAX_BYTES = 256 * 1024

const PATH = ['input', 'data']

/**
 * Judges whether a payload can be written as JSON and read again. Level by level: recursion would end where the stack
 * does.
 */
export function validateData(data: unknown): Problem[] {
  let level = [data]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (!level.every(isWritable)) {
      return [{ path: PATH, code: 'OUT_OF_RANGE', message: 'The data has a number that is too large.' }]
    }
    level = level.filter((value) => typeof value === 'object' && value !== null)
    if (level.length > 0 && depth === DATA_MAX_DEPTH) {
      const message = `The data has more than ${DATA_MAX_DEPTH} lists or objects within each other.`
      return [{ path: PATH, code: 'OUT_OF_RANGE', message }]
    }
    level = level.flatMap((value) => Object.values(value as object))
  }
  if (Buffer.byteLength(JSON.stringify(data)) <= DATA_MAX_BYTES) return []
  const message = `The data has more than ${DATA_MAX_BYTES} bytes of JSON.`
  return [{ path: PATH, code: 'TOO_LONG', message }]
}

/** A number beyond the range of doubles is read as infinite, which would be written as null. */
const isWritable = (value: unknown) => typeof value !== 'number' || Number.isFinite(value)
