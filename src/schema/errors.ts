import { randomUUID } from 'node:crypto'
import { unwrapResolverError } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'
import { isDatabaseClosed } from '../database/closed'
import { isDatabaseUnavailable } from '../database/unavailable'
import type { Endpoint } from '../endpoints/endpoint'
import { Failure, type FailureKind, type Problem } from '../failure'
import type { WebhookProblem } from './webhook-problem'

/** The log of errors that callers must not see. */
export type ErrorLog = Pick<Logger, 'warn' | 'error'>

/** The GraphQL code of every kind of failure. */
const CODE = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  validation_failed: 'VALIDATION_FAILED',
  version_conflict: 'VERSION_CONFLICT',
  idempotency_conflict: 'IDEMPOTENCY_CONFLICT',
  rate_limited: 'RATE_LIMITED',
  query_too_costly: 'QUERY_TOO_COSTLY',
  service_unavailable: 'SERVICE_UNAVAILABLE',
  outcome_unknown: 'OUTCOME_UNKNOWN',
} satisfies Record<FailureKind, string>

/** The GraphQL code of a failure. */
export const codeOf = ({ kind }: Failure): string => CODE[kind]

const INTERNAL = 'INTERNAL_SERVER_ERROR'

/** Failures that are no fault of the caller. They are logged. */
const OWN_FAILURES: FailureKind[] = ['service_unavailable', 'outcome_unknown']

/**
 * Decides what a caller sees of an error, for GraphQL and REST. A fault of the caller passes unchanged. Any other error is logged
 * under an id: an unavailable database becomes a failure with `details.errorId`, an internal error becomes undefined.
 */
export function failureOf(thrown: unknown, log: ErrorLog): { failure?: Failure; errorId?: string } {
  const error = unwrapResolverError(thrown)
  // A request that a stop has cut off: nobody waits for its answer.
  if (isDatabaseClosed(error))
    return { failure: new Failure('service_unavailable', 'The gateway is stopping.') }
  const failure = error instanceof Failure ? error : failureOfDatabase(error)
  // A failure that has an id is in the log already.
  if (failure && (failure.details.errorId || !OWN_FAILURES.includes(failure.kind))) return { failure }
  const errorId = randomUUID()
  if (!failure) {
    log.error({ err: error, errorId }, 'internal error')
    return { errorId }
  }
  log.warn({ err: failure.cause ?? error, errorId }, failure.message)
  return { failure: new Failure(failure.kind, failure.message, { ...failure.details, errorId }), errorId }
}

const failureOfDatabase = (error: unknown) =>
  isDatabaseUnavailable(error)
    ? new Failure('service_unavailable', 'The database does not answer at the moment.')
    : undefined

/** Apollo's `formatError`: failures get their code, internal errors are masked, and errors of GraphQL itself pass. */
export function formatError(log: ErrorLog) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    // graphql-js and Apollo reject a request before any resolver runs, with their own codes and without a path. An error
    // with a path was thrown by a resolver, so its code counts for nothing.
    if (formatted.path === undefined && formatted.extensions?.code !== INTERNAL) return formatted
    if (isFaultOfRequest(thrown)) return { ...formatted, extensions: { code: 'BAD_USER_INPUT' } }
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

/**
 * A fault of the caller that graphql-js finds during execution and Apollo gives no code. One without a path concerns the whole
 * request, such as too many bad variables or a null in `@skip(if: $nothing)`; errors of other code have an original error there.
 * One with a path is an argument: a nullable variable is null, and its argument, or a field in it, must not be null.
 */
function isFaultOfRequest(thrown: unknown): boolean {
  if (thrown instanceof GraphQLError && thrown.path === undefined) return thrown.originalError === undefined
  const error = unwrapResolverError(thrown)
  return error instanceof GraphQLError && ARGUMENT_FAULT.test(error.message)
}

const ARGUMENT_FAULT = /^Argument "\w+" (of (required|non-null) type |has invalid value )/

/** Details in the types of the schema: the id of the current endpoint is an ID, and a problem's path a list of strings. */
function printed(details: Record<string, unknown> = {}): Record<string, unknown> {
  const { current, problems } = details as { current?: Endpoint; problems?: Problem[] }
  return {
    ...details,
    ...(current && { current: { ...current, id: String(current.id) } }),
    ...(problems && { problems: problems.map(problemNode) }),
  }
}

/** A problem in the types of the schema. */
const problemNode = ({ path, code, message }: Problem): WebhookProblem => ({
  path: path.map(String),
  code,
  message,
})
