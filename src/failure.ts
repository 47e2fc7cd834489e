import { shortMessage } from './short-text'

/**
 * The kinds of errors that callers see. Each API has one table of them: `schema/errors.ts` from kind to GraphQL code,
 * `http/rest/errors.ts` from kind to HTTP status.
 */
export type FailureKind =
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'validation_failed'
  | 'version_conflict'
  | 'idempotency_conflict'
  | 'rate_limited'
  | 'query_too_costly'
  // Nothing was stored.
  | 'service_unavailable'
  // A change was sent to the database, which did not answer: it may be stored or not.
  | 'outcome_unknown'

/** The kinds of problems of one value of the input. */
export type ProblemCode =
  | 'REQUIRED'
  | 'NULL_NOT_ALLOWED'
  | 'INVALID_URL'
  | 'SCHEME_NOT_ALLOWED'
  | 'ADDRESS_NOT_ALLOWED'
  | 'TOO_LONG'
  | 'UNKNOWN_EVENT_TYPE'
  | 'EMPTY'
  | 'INVALID_CHARACTER'
  | 'UNKNOWN_ID'
  | 'OUT_OF_RANGE'
  | 'INVALID_CURSOR'
  | 'EXCLUSIVE'

/** One problem of the input. `path` starts with the argument: `['patch', 'events', 1, 'type']`. */
export interface Problem {
  path: (string | number)[]
  code: ProblemCode
  message: string
}

/** Seconds after which a caller tries again what was `service_unavailable`. */
export const UNAVAILABLE_RETRY_AFTER = 5

/** An error whose message is written for the caller. Callers do not see the messages of other errors. */
export class Failure extends Error {
  override name = 'Failure'

  /** @param details such as `problems` or `current`: each API sends those that it documents */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
  }
}

/** How many problems of one request an error lists. No person or program writes that many by mistake. */
export const PROBLEMS_MAX = 100

/** @throws Failure `validation_failed` with every problem, at most `PROBLEMS_MAX`, unless the list is empty */
export function throwProblems(problems: Problem[]): void {
  if (problems.length === 0) return
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  const listed = problems.slice(0, PROBLEMS_MAX)
  const message = `The input has ${count}: ${listed.map((problem) => problem.message).join(' ')}`
  throw new Failure('validation_failed', shortMessage(message), { problems: listed })
}

/** @param id as the caller sent it */
export const endpointNotFound = (id: string) =>
  new Failure('not_found', `There is no webhook endpoint ${JSON.stringify(id.slice(0, 40))}.`)
