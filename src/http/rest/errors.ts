import type { FastifyReply } from 'fastify'
import { Failure, type FailureKind, type Problem } from '../../failure'
import type { EndpointFragment } from '../../generated/graphql/graphql'
import { endpointJson, snakeCase } from './json'
import { etagOf } from './preconditions'

/** The status of every kind of failure. */
const STATUS = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  validation_failed: 400,
  version_conflict: 412,
  conflict: 409,
  rate_limited: 429,
  unavailable: 503,
} satisfies Record<FailureKind, number>

/** Seconds after which a caller may well try an unavailable gateway again. */
const RETRY_AFTER = 5

/** One fault of a request. `field` is a path such as `events.1.type`; none = the request as a whole. */
export interface Fault {
  field?: string
  code: string
  message: string
}

/** An answer of the HTTP layer itself, with the faults that led to it. */
export class RestError extends Error {
  override name = 'RestError'

  constructor(
    readonly statusCode: number,
    readonly faults: Fault[],
    readonly headers: Record<string, string> = {},
  ) {
    super(faults.map((fault) => fault.message).join(' '))
  }
}

/** The documented body: faults of one field stand together, in the order in which they were found. */
export function errorBody(faults: Fault[]) {
  const byField = new Map<string, { message: string; code: string }[]>()
  for (const { field, message, code } of faults) {
    if (field === undefined) continue
    byField.set(field, [...(byField.get(field) ?? []), { message, code }])
  }
  const general = faults.filter((fault) => fault.field === undefined)
  return {
    errors: [
      ...[...byField].map(([field, messages]) => ({ field, messages })),
      ...general.map(({ message, code }) => ({ message, code })),
    ],
  }
}

interface FailureDetails {
  problems?: Problem[]
  current?: EndpointFragment
  /** seconds */
  retryAfter?: number
}

/** Answers a failure of the gateway behind the schema. */
export function sendFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  reply.code(STATUS[failure.kind])
  if (failure.kind === 'unauthenticated') reply.header('WWW-Authenticate', 'Bearer')
  if (failure.kind === 'unavailable') reply.header('Retry-After', RETRY_AFTER)
  const { problems, current, retryAfter } = failure.details as FailureDetails
  if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
  if (problems) return reply.send(errorBody(problems.map(faultOf)))
  const body = errorBody([{ code: failure.kind, message: failure.message }])
  if (!current) return reply.send(body)
  return reply.header('ETag', etagOf(current.version)).send({ ...body, current: endpointJson(current) })
}

/** Arguments and filters of the schema that the REST API has no word for, and those that it calls otherwise. */
const ARGUMENTS = new Set<string | number>(['patch', 'input', 'filter'])
const RENAMED: Record<string, string> = { targetContains: 'target', orderBy: 'ordering', eventIds: 'event' }

export function faultOf({ path, code, message }: Problem): Fault {
  const names = ARGUMENTS.has(path[0] ?? '') ? path.slice(1) : path
  const field = names.map((name) => RENAMED[name] ?? snakeCase(String(name))).join('.')
  return { field, code: code.toLowerCase(), message }
}
