/**
 * A statement was sent that may have been committed, and its answer did not come: the connection broke, or the time was up.
 * Where the statement was a change, nobody knows whether the change is stored.
 */
export class UnansweredError extends Error {
  override name = 'UnansweredError'
}

/** Looks at an error and its causes, because Prisma may wrap it. */
export function isUnanswered(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  return error instanceof UnansweredError || isUnanswered((error as Error).cause, depth + 1)
}
