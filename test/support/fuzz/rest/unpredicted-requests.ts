import fc from 'fast-check'
import { headersOf, METHODS, requestStyle } from '../inputs/request-style'
import { type RequestKind, requestKind } from '../model/request-kind'
import { expectErrors } from './answer-checks'
import { BASE } from './rest-call'

const PATHS = [
  '',
  'endpoint/1/secret/',
  'endpoint/1/secret/reveal/',
  'endpoint/1/attempt/',
  'endpoint/1/event/resend/bulk/',
  'endpoint/event/',
  'endpoint/search',
  'endpoint//',
  'endpoint///1/',
  'endpoint/1//',
  'endpoint/%zz/',
  'endpoint/%00/',
  'endpoint/%ff/',
  'endpoint/..%2f..%2f',
  '../../../graphql',
  'endpoint/1/;a=b',
  'ENDPOINT/',
  'event/1/',
  'event/?type=post.created',
  `${'x/'.repeat(500)}`,
]

/** Requests whose outcome the test does not predict. Their answers must have the documented form. */
export const unpredictedRestRequests: RequestKind[] = [
  requestKind({
    name: 'other REST paths and methods',
    weight: 2,
    input: fc.record({
      style: requestStyle,
      method: fc.constantFrom(...METHODS),
      path: fc.constantFrom(...PATHS),
    }),
    plan: (_state, { style, method, path }) => ({
      request: { method, path: BASE + path, headers: headersOf(style, false) },
      checkAnswer(answer) {
        if (method === 'HEAD') return expect(answer.text).toBe('')
        if (answer.status >= 400) expectErrors(answer)
        expect([200, 400, 401, 403, 404, 405, 406]).toContain(answer.status)
      },
      hasUnknownEffect: true,
    }),
  }),
]
