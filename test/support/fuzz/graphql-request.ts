import type { Planned } from './action'
import {
  type CommonHeaders,
  contentTypeValidity,
  expectForCaller,
  headersOf,
  isAcceptable,
  namesHost,
} from './common-headers'
import { Expectation, type Given } from './expectation'
import { type GraphqlBody, graphqlBodyOf } from './graphql-answer'
import { isTooLarge } from './rest-request'

/** The outcome of an answer without an error. */
export const OK = 'ok'

/** Codes for a request that is malformed: nothing of it is executed. */
const MALFORMED = ['BAD_REQUEST', 'BAD_USER_INPUT']

/** The statuses of GraphQL over HTTP, with errors or without. */
const STATUSES = [200, 400, 405, 406, 413, 415]

export interface Operation {
  query: string
  /** the values of its variables, as JSON texts */
  variables: Record<string, Given>
  commonHeaders: CommonHeaders
  /** publishers have access as well */
  forPublishers?: boolean
  expect?(expected: Expectation<string>): void
  onSuccess(data: Record<string, unknown>): void
  onError?(body: GraphqlBody): void
}

/** The codes for a value that GraphQL's coercion or the gateway itself rejects. */
export const INVALID = ['BAD_USER_INPUT', 'VALIDATION_FAILED', 'BAD_REQUEST']

/** The outcome of an answer: `ok`, or the codes of its errors. */
export const outcomeOf = ({ errors }: GraphqlBody) =>
  errors === undefined ? OK : [...new Set(errors.map(({ extensions }) => extensions.code))].join('+')

/** A GraphQL operation by POST, with the answer that its parts must lead to. */
export function operation({ query, variables, commonHeaders, forPublishers, ...call }: Operation): Planned {
  const expected = new Expectation(OK)
  expectForCaller(expected, commonHeaders, {
    unauthenticated: 'UNAUTHENTICATED',
    forbidden: 'FORBIDDEN',
    others: forPublishers ? ['publisher'] : [],
  })
  expected.add(contentTypeValidity(commonHeaders), ...MALFORMED)
  if (!namesHost(commonHeaders)) expected.refuse('BAD_REQUEST')
  if (!isAcceptable(commonHeaders)) expected.refuse('BAD_REQUEST')
  for (const { validity } of Object.values(variables)) expected.add(validity, ...INVALID)
  call.expect?.(expected)
  const texts = Object.entries(variables).map(([name, { text }]) => `"${name}": ${text}`)
  const body = `{"query": ${JSON.stringify(query)}, "variables": {${texts.join(', ')}}}`
  if (isTooLarge(body)) expected.refuse('BAD_REQUEST')
  return {
    request: { method: 'POST', path: '/graphql', headers: headersOf(commonHeaders, true), body },
    check(answer) {
      expect(STATUSES).toContain(answer.status)
      const answered = graphqlBodyOf(answer, query, body)
      const outcome = outcomeOf(answered)
      expect(expected.outcomes()).toContain(outcome)
      if (outcome === OK) call.onSuccess(answered.data ?? {})
      else call.onError?.(answered)
    },
  }
}

export const json = (value: unknown): Given => ({ text: JSON.stringify(value), validity: 'good' })
