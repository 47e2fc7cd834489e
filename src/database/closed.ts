const CLOSED = /Cannot use a pool after calling end|PGlite is clos/

/** Whether a statement failed because this process has closed its database: a stop ends while a request still runs. */
export function isDatabaseClosed(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  const { message, cause, meta } = error as {
    message?: unknown
    cause?: unknown
    meta?: { driverAdapterError?: unknown }
  }
  if (typeof message === 'string' && CLOSED.test(message)) return true
  return [cause, meta?.driverAdapterError].some((each) => isDatabaseClosed(each, depth + 1))
}
