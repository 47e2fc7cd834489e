import type { Problem } from '../failure'

/** Nested lists and objects. JSON parsers of receivers stop at a little more: PHP's json_decode at 512. */
export const DATA_MAX_DEPTH = 500

/** The largest payload, in bytes of JSON. */
export const DATA_MAX_BYTES = 256 * 1024

const PATH = ['input', 'data']

/**
 * Validates that a payload can be written as JSON and read again. Walks level by level, because recursion on a deep payload would
 * overflow the stack.
 */
export function validateData(data: unknown): Problem[] {
  let level = [data]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (!level.every(isWritable)) {
      return [{ path: PATH, code: 'OUT_OF_RANGE', message: 'The data has a number that is too large.' }]
    }
    level = level.filter((value) => typeof value === 'object' && value !== null)
    if (level.length > 0 && depth === DATA_MAX_DEPTH) {
      const message = `The data has more than ${DATA_MAX_DEPTH} nested lists or objects.`
      return [{ path: PATH, code: 'OUT_OF_RANGE', message }]
    }
    level = level.flatMap((value) => Object.values(value as object))
  }
  if (Buffer.byteLength(JSON.stringify(data)) <= DATA_MAX_BYTES) return []
  const message = `The data has more than ${DATA_MAX_BYTES} bytes of JSON.`
  return [{ path: PATH, code: 'TOO_LONG', message }]
}

/** A number beyond the range of doubles is parsed as Infinity, which JSON.stringify writes as null. */
const isWritable = (value: unknown) => typeof value !== 'number' || Number.isFinite(value)
