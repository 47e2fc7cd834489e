import { randomUUID } from 'node:crypto'
import { unwrapResolverError } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'
import { isDatabaseUnavailable } from '../database/unavailable'
import type { Endpoint } from '../endpoints/endpoint'
import { Failure, type FailureKind } from '../failure'

/** Where errors that are not for callers are written. */
export type ErrorLog = Pick<Logger, 'warn' | 'error'>

/** The GraphQL code of every kind of failure. */
const CODE = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  validation_failed: 'VALIDATION_FAILED',
  version_conflict: 'VERSION_CONFLICT',
  conflict: 'CONFLICT',
  rate_limited: 'RATE_LIMITED',
  unavailable: 'INTERNAL_SERVER_ERROR',
} satisfies Record<FailureKind, string>

const INTERNAL = 'INTERNAL_SERVER_ERROR'

/**
 * The one place that decides what a caller sees of an error. A failure passes; anything else is logged under an id
 * and becomes a masked failure or, when it is nobody's fault but ours, undefined.
 */
export function failureOf(thrown: unknown, log: ErrorLog): { failure?: Failure; errorId?: string } {
  const error = unwrapResolverError(thrown)
  if (error instanceof Failure) return { failure: error }
  const errorId = randomUUID()
  if (isDatabaseUnavailable(error)) {
    log.warn({ err: error, errorId }, 'the database does not answer')
    return { failure: new Failure('unavailable', 'The database does not answer at the moment.'), errorId }
  }
  log.error({ err: error, errorId }, 'internal error')
  return { errorId }
}

/** Apollo's `formatError`: codes for failures, a mask for everything unforeseen, the rest as GraphQL says it. */
export function formatError(log: ErrorLog) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    // graphql-js and Apollo refuse a request under codes of their own, before any resolver runs and so without a
    // path. What comes with a path was thrown in a resolver, whatever code it says it has.
    if (formatted.path === undefined && formatted.extensions?.code !== INTERNAL) return formatted
    if (isCoercion(thrown)) return { ...formatted, extensions: { code: 'BAD_USER_INPUT' } }
    const { failure, errorId } = failureOf(thrown, log)
    const { locations, path } = formatted
    const code = failure ? CODE[failure.kind] : INTERNAL
    const message = failure?.message ?? 'Internal server error'
    return {
      message,
      locations,
      path,
      extensions: { code, ...printed(failure?.details), ...(errorId && { errorId }) },
    }
  }
}

/** graphql-js itself: a variable that may be null stands for an argument that may not. */
function isCoercion(thrown: unknown): boolean {
  const error = unwrapResolverError(thrown)
  return error instanceof GraphQLError && /^Argument ".*" of (required|non-null) type /.test(error.message)
}

/** Details as a GraphQL client expects them: the identifier of the current endpoint is an ID. */
function printed(details: Record<string, unknown> = {}): Record<string, unknown> {
  const { current } = details
  return current ? { ...details, current: { ...current, id: String((current as Endpoint).id) } } : details
}
