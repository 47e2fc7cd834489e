import { randomUUID } from 'node:crypto'
import { unwrapResolverError } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'
import { isDatabaseUnavailable } from '../database/unavailable'
import type { Endpoint } from '../endpoints/endpoint'
import { Failure, type FailureKind } from '../failure'

/** The log of errors that callers must not see. */
export type ErrorLog = Pick<Logger, 'warn' | 'error'>

/** The GraphQL code of every kind of failure. */
const CODE = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  validation_failed: 'VALIDATION_FAILED',
  version_conflict: 'VERSION_CONFLICT',
  conflict: 'CONFLICT',
  idempotency_conflict: 'IDEMPOTENCY_CONFLICT',
  rate_limited: 'RATE_LIMITED',
  query_too_costly: 'QUERY_TOO_COSTLY',
  unavailable: 'SERVICE_UNAVAILABLE',
  outcome_unknown: 'OUTCOME_UNKNOWN',
} satisfies Record<FailureKind, string>

const INTERNAL = 'INTERNAL_SERVER_ERROR'

/**
 * Decides what a caller sees of an error, for GraphQL and REST. A failure passes unchanged; its cause is logged. Any other error is logged under an id:
 * an unavailable database becomes a failure, an internal error becomes undefined.
 */
export function failureOf(thrown: unknown, log: ErrorLog): { failure?: Failure; errorId?: string } {
  const error = unwrapResolverError(thrown)
  const errorId = randomUUID()
  if (error instanceof Failure) {
    if (error.cause === undefined) return { failure: error }
    log.warn({ err: error.cause, errorId }, 'the database has not answered a change')
    return { failure: error, errorId }
  }
  if (isDatabaseUnavailable(error)) {
    log.warn({ err: error, errorId }, 'the database does not answer')
    return { failure: new Failure('unavailable', 'The database does not answer at the moment.'), errorId }
  }
  log.error({ err: error, errorId }, 'internal error')
  return { errorId }
}

/** Apollo's `formatError`: failures get their code, internal errors are masked, and errors of GraphQL itself pass. */
export function formatError(log: ErrorLog) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    // graphql-js and Apollo reject a request before any resolver runs, with their own codes and without a path. An error
    // with a path was thrown by a resolver, so its code counts for nothing.
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

/** An error of graphql-js during execution: a nullable variable is null, and its argument must not be null. */
function isCoercion(thrown: unknown): boolean {
  const error = unwrapResolverError(thrown)
  return error instanceof GraphQLError && /^Argument ".*" of (required|non-null) type /.test(error.message)
}

/** Details in the types of the schema: the id of the current endpoint is an ID, a string. */
function printed(details: Record<string, unknown> = {}): Record<string, unknown> {
  const { current } = details
  return current ? { ...details, current: { ...current, id: String((current as Endpoint).id) } } : details
}
