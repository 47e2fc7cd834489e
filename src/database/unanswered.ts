import { hasCause } from './error-causes'

/**
 * A statement was sent that may have been committed, and its answer did not come: the connection broke, or the time was up.
 * Where the statement was a change, nobody knows whether the change is stored.
 */
export class UnansweredError extends Error {
  override name = 'UnansweredError'
}

export const isUnanswered = (error: unknown): boolean =>
  hasCause(error, (cause) => cause instanceof UnansweredError)
