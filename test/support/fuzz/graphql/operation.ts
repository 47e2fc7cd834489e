import { isTooLarge, type RequestPart } from '../inputs/request-part'
import {
  acceptsJson,
  addDenial,
  hasJsonType,
  hasValidHost,
  headersOf,
  type RequestStyle,
} from '../inputs/request-style'
import { ExpectedOutcomes } from '../model/expected-outcomes'
import type { PlannedRequest } from '../model/request-kind'
import { checkedBody, type GraphqlBody } from './answer-checks'

/** The outcome of an answer without errors. */
const OK = 'ok'

/** Codes for a request that is malformed as HTTP or as JSON, so that no operation runs. */
const MALFORMED = ['BAD_REQUEST', 'BAD_USER_INPUT']

/** Codes for an invalid value: graphql-js coerces some values, and the gateway validates others. */
export const INVALID = ['BAD_USER_INPUT', 'VALIDATION_FAILED', 'BAD_REQUEST']

/** The statuses of GraphQL over HTTP. */
const STATUSES = [200, 400, 401, 405, 406, 413, 415]

export interface Operation {
  query: string
  variables: Record<string, RequestPart>
  style: RequestStyle
  /** true = publishers are allowed as well as admins */
  isForPublishers?: boolean
  /** Adds the failures that depend on the stored state, or on more than the caller, the headers and the variables. */
  addFailures?(expected: ExpectedOutcomes<string>): void
  onSuccess(data: Record<string, unknown>): void
  onFailure?(body: GraphqlBody): void
}

/** The outcome of an answer: `ok`, or the codes of its errors joined by `+`. */
export const outcomeOf = ({ errors }: GraphqlBody) =>
  errors === undefined ? OK : [...new Set(errors.map(({ extensions }) => extensions.code))].join('+')

/** Plans a GraphQL operation by POST, with every outcome that its answer may have. */
export function graphqlOperation(operation: Operation): PlannedRequest {
  const { query, variables, style } = operation
  const texts = Object.entries(variables).map(([name, { text }]) => `"${name}": ${text}`)
  const body = `{"query": ${JSON.stringify(query)}, "variables": {${texts.join(', ')}}}`
  const expected = expectedOutcomes(operation, body)
  return {
    request: { method: 'POST', path: '/graphql', headers: headersOf(style, true), body },
    checkAnswer(answer) {
      expect(STATUSES).toContain(answer.status)
      const answered = checkedBody(answer, query, body)
      const outcome = outcomeOf(answered)
      expect(expected.allowed()).toContain(outcome)
      if (outcome === OK) operation.onSuccess(answered.data ?? {})
      else operation.onFailure?.(answered)
    },
  }
}

function expectedOutcomes({ variables, style, isForPublishers, addFailures }: Operation, body: string) {
  const expected = new ExpectedOutcomes(OK)
  addDenial(expected, style, { unauthenticated: 'UNAUTHENTICATED', forbidden: 'FORBIDDEN', isForPublishers })
  if (!hasJsonType(style)) expected.mustFail(...MALFORMED)
  if (!hasValidHost(style)) expected.mustFail('BAD_REQUEST')
  if (!acceptsJson(style)) expected.mustFail('BAD_REQUEST')
  if (isTooLarge(body)) expected.mustFail('BAD_REQUEST')
  for (const { validity } of Object.values(variables)) expected.addPart(validity, ...INVALID)
  addFailures?.(expected)
  return expected
}
