import type { Planned } from './action'
import { contentTypeVerdict, type Dress, headersOf, isAcceptable, judgeCaller, namesHost } from './dress'
import { type GraphqlBody, graphqlBodyOf } from './graphql-answer'
import { isTooLarge } from './rest-request'
import { Expectation, type Given } from './verdict'

/** What an answer without an error counts as. */
export const OK = 'ok'

/** Of what is wrong with a request's own form, before anything is run. */
const MALFORMED = ['BAD_REQUEST', 'BAD_USER_INPUT']

/** What GraphQL over HTTP answers with, errors or not. */
const STATUSES = [200, 400, 405, 406, 413, 415]

export interface Operation {
  query: string
  /** the values of its variables, as JSON texts */
  variables: Record<string, Given>
  dress: Dress
  /** publishers may as well */
  forPublishers?: boolean
  expect?(expected: Expectation<string>): void
  onSuccess(data: Record<string, unknown>): void
  onRefusal?(body: GraphqlBody): void
}

/** The codes of a value that GraphQL's coercion or the gateway itself refuses. */
export const INVALID = ['BAD_USER_INPUT', 'VALIDATION_FAILED', 'BAD_REQUEST']

/** The outcome of an answer: `ok`, or the codes of its errors. */
export const outcomeOf = ({ errors }: GraphqlBody) =>
  errors === undefined ? OK : [...new Set(errors.map(({ extensions }) => extensions.code))].join('+')

/** A GraphQL operation by POST with all that may be wrong about it. */
export function operation({ query, variables, dress, forPublishers, ...call }: Operation): Planned {
  const expected = new Expectation(OK)
  judgeCaller(expected, dress, {
    unauthenticated: 'UNAUTHENTICATED',
    forbidden: 'FORBIDDEN',
    others: forPublishers ? ['publisher'] : [],
  })
  expected.judge(contentTypeVerdict(dress), ...MALFORMED)
  if (!namesHost(dress)) expected.refuse('BAD_REQUEST')
  if (!isAcceptable(dress)) expected.refuse('BAD_REQUEST')
  for (const { verdict } of Object.values(variables)) expected.judge(verdict, ...INVALID)
  call.expect?.(expected)
  const texts = Object.entries(variables).map(([name, { text }]) => `"${name}": ${text}`)
  const body = `{"query": ${JSON.stringify(query)}, "variables": {${texts.join(', ')}}}`
  if (isTooLarge(body)) expected.refuse('BAD_REQUEST')
  return {
    request: { method: 'POST', path: '/graphql', headers: headersOf(dress, true), body },
    judge(answer) {
      expect(STATUSES).toContain(answer.status)
      const told = graphqlBodyOf(answer, query, body)
      const outcome = outcomeOf(told)
      expect(expected.outcomes()).toContain(outcome)
      if (outcome === OK) call.onSuccess(told.data ?? {})
      else call.onRefusal?.(told)
    },
  }
}

export const json = (value: unknown): Given => ({ text: JSON.stringify(value), verdict: 'good' })
