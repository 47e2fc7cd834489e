import type { FastifyReply } from 'fastify'
import { Failure, type FailureKind, PROBLEMS_MAX, type Problem, UNAVAILABLE_RETRY_AFTER } from '../../failure'
import type { EndpointFragment } from '../../generated/graphql/graphql'
import { InternalError } from '../../schema/execute'
import { shortMessage, shortText } from '../../short-text'
import { snakeCase } from '../../snake-case'
import { endpointJson } from './json'
import { etagOf } from './preconditions'

/** The status of every kind of failure. */
const STATUS = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  validation_failed: 400,
  version_conflict: 412,
  idempotency_conflict: 409,
  rate_limited: 429,
  query_too_costly: 400,
  service_unavailable: 503,
  outcome_unknown: 504,
} satisfies Record<FailureKind, number>

/** The codes of Fastify's own errors by their status. Any other status below 500 has the code of 400. */
const FASTIFY_CODES: Record<number, string> = {
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported_media_type',
}

/** A longer path of a field is shortened: the caller chooses the names of unknown fields. */
const FIELD_MAX_LENGTH = 200

/** One problem of a request. `field` is a path such as `events.1.type`; undefined = the request as a whole. */
export interface RestProblem {
  field?: string
  code: string
  message: string
}

/** A response of the REST API itself, with the problems that are its reason. */
export class RestError extends Error {
  override name = 'RestError'

  constructor(
    readonly statusCode: number,
    readonly problems: RestProblem[],
    readonly headers: Record<string, string> = {},
  ) {
    super(
      shortMessage(
        listedOf(problems)
          .map(({ message }) => message)
          .join(' '),
      ),
    )
  }
}

/**
 * The documented body of an error: one entry for each field, with its problems in the order in which they were found. The body
 * is small whatever the request was: it has at most `PROBLEMS_MAX` problems, with short paths and messages.
 */
export function errorBody(problems: RestProblem[]) {
  const byField = new Map<string, { message: string; code: string }[]>()
  const listed = listedOf(problems)
  for (const { field, message, code } of listed) {
    if (field === undefined) continue
    byField.set(field, [...(byField.get(field) ?? []), { message, code }])
  }
  const general = listed.filter(({ field }) => field === undefined)
  return {
    errors: [
      ...[...byField].map(([field, messages]) => ({ field, messages })),
      ...general.map(({ message, code }) => ({ message, code })),
    ],
  }
}

const listedOf = (problems: RestProblem[]): RestProblem[] =>
  problems.slice(0, PROBLEMS_MAX).map(({ field, code, message }) => ({
    field: field === undefined ? undefined : shortText(field, FIELD_MAX_LENGTH),
    code,
    message: shortMessage(message),
  }))

/** Sends any error that a route or Fastify throws. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof Failure) return sendFailure(reply, error)
  if (error instanceof RestError) {
    return reply.code(error.statusCode).headers(error.headers).send(errorBody(error.problems))
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string }
  if (statusCode < 500) {
    const code = FASTIFY_CODES[statusCode] ?? 'malformed'
    return reply.code(statusCode).send(errorBody([{ code, message }]))
  }
  if (!(error instanceof InternalError)) reply.log.error({ err: error }, 'internal error')
  const errorId = error instanceof InternalError ? error.errorId : reply.request.id
  const problem = { code: 'internal_server_error', message: withId('Internal server error.', errorId) }
  return reply.code(500).send(errorBody([problem]))
}

/** A message with the id under which the log has the error. */
const withId = (message: string, errorId: string) => `${message.replace(/\.$/, '')} (${errorId})`

interface FailureDetails {
  problems?: Problem[]
  current?: EndpointFragment
  /** seconds */
  retryAfter?: number
  /** of the failures that are logged */
  errorId?: string
}

/** Sends a failure of the schema or of access. One that is no fault of the caller names an id that is in the log. */
export function sendFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  const status = STATUS[failure.kind]
  reply.code(status)
  if (failure.kind === 'unauthenticated') reply.header('WWW-Authenticate', 'Bearer')
  if (failure.kind === 'service_unavailable') reply.header('Retry-After', UNAVAILABLE_RETRY_AFTER)
  const { problems, current, retryAfter, errorId = reply.request.id } = failure.details as FailureDetails
  if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
  if (problems) return reply.send(errorBody(problems.map(restProblem)))
  const message = status < 500 ? failure.message : withId(failure.message, errorId)
  const body = errorBody([{ code: failure.kind, message }])
  if (!current) return reply.send(body)
  return reply.header('ETag', etagOf(current.version)).send({ ...body, current: endpointJson(current) })
}

/** Arguments of the schema that are the whole request in the REST API. */
const WHOLE_REQUEST = new Set<string | number>(['patch', 'input', 'filter'])
/** Arguments and fields of the schema that have another name in the REST API. */
const RENAMED: Record<string, string> = { targetContains: 'target', orderBy: 'ordering', eventIds: 'event' }

/** A problem of validation under the names of the REST API. */
export function restProblem({ path, code, message }: Problem): RestProblem {
  const names = WHOLE_REQUEST.has(path[0] ?? '') ? path.slice(1) : path
  const field = names.map((name) => RENAMED[name] ?? snakeCase(String(name))).join('.')
  return { field, code: code.toLowerCase(), message }
}
