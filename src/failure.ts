/**
 * What can go wrong that a caller may hear about. Both doors translate these kinds, each in one table:
 * `schema/errors.ts` into GraphQL codes, `http/rest/errors.ts` into HTTP statuses.
 */
export type FailureKind =
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'validation_failed'
  | 'version_conflict'
  | 'conflict'
  | 'rate_limited'
  | 'unavailable'

/** What is wrong with one value of the input. */
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
  | 'UNKNOWN_EVENT'
  | 'OUT_OF_RANGE'

/** One fault of the input. `path` starts at the argument: `['patch', 'events', 1, 'type']`. */
export interface Problem {
  path: (string | number)[]
  code: ProblemCode
  message: string
}

/** An error whose message is meant for the caller. Anything else that is thrown is masked. */
export class Failure extends Error {
  override name = 'Failure'

  /** @param details sent along by both doors, such as `problems` or `current` */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
  }
}

/** @throws Failure `validation_failed` that carries every problem, unless there is none */
export function throwProblems(problems: Problem[]): void {
  if (problems.length === 0) return
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  const message = `The input has ${count}: ${problems.map((problem) => problem.message).join(' ')}`
  throw new Failure('validation_failed', message, { problems })
}

/** @param id as the caller sent it */
export const endpointNotFound = (id: string) =>
  new Failure('not_found', `There is no webhook endpoint ${JSON.stringify(id.slice(0, 40))}.`)
