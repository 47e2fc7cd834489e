import fc from 'fast-check'
import type { WireAnswer } from '../../wire'
import { isTooLarge, type RequestPart } from '../inputs/request-part'
import { acceptsJson, addDenial, hasJsonType, headersOf, type RequestStyle } from '../inputs/request-style'
import { ExpectedOutcomes } from '../model/expected-outcomes'
import type { PlannedRequest } from '../model/request-kind'
import { expectErrors } from './answer-checks'

export const BASE = '/api/v2/webhook/'

export interface RestCall {
  method: string
  /** below BASE */
  path: string
  style: RequestStyle
  headers?: Record<string, string>
  /** undefined = no body */
  body?: RequestPart
  /** status of the answer when the call has no reason to fail */
  success: number
  /** true = publishers are allowed as well as admins */
  isForPublishers?: boolean
  /** Adds the failures that depend on the stored state, or on more than the caller, the headers and the body. */
  addFailures?(expected: ExpectedOutcomes<number>): void
  onSuccess(answer: WireAnswer): void
  /** Called after the errors body has passed its own check. */
  onFailure?(answer: WireAnswer): void
}

/** Plans a call of the REST API, with every status that its answer may have. */
export function restCall(call: RestCall): PlannedRequest {
  const { method, path, style, headers, body } = call
  const expected = expectedStatuses(call)
  return {
    request: {
      method,
      path: BASE + path,
      headers: { ...headersOf(style, body !== undefined), ...headers },
      body: body?.text,
    },
    checkAnswer(answer) {
      expect(expected.allowed()).toContain(answer.status)
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      if (answer.status < 400) return call.onSuccess(answer)
      expectErrors(answer)
      call.onFailure?.(answer)
    },
  }
}

function expectedStatuses({ style, body, success, isForPublishers, addFailures }: RestCall) {
  const expected = new ExpectedOutcomes(success)
  addDenial(expected, style, { unauthenticated: 401, forbidden: 403, isForPublishers })
  if (!acceptsJson(style)) expected.mustFail(406)
  if (body) {
    // The gateway may ignore the content type of an empty body.
    if (!hasJsonType(style)) expected.addPart(body.text === '' ? 'either' : 'invalid', 415)
    expected.addPart(body.validity, 400)
    if (isTooLarge(body.text, isForPublishers === true)) expected.mustFail(413)
  }
  addFailures?.(expected)
  return expected
}

export const endpointPath = (id: string, end: string) => `endpoint/${encodeURIComponent(id)}${end}`

/** The end of a path: each route works with and without the last slash. */
export const slash = fc.constantFrom('/', '/', '')
