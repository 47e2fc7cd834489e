import fc from 'fast-check'
import type { WireAnswer } from '../wire'
import type { Planned } from './action'
import {
  type CommonHeaders,
  contentTypeValidity,
  expectForCaller,
  headersOf,
  isAcceptable,
} from './common-headers'
import { Expectation, type Given } from './expectation'
import { expectErrors } from './rest-answer'
import { malformedJson, oddJson } from './texts'

export const BASE = '/api/v2/webhook/'

const BODY_LIMIT = 256 * 1024

export const isTooLarge = (body: string) => Buffer.byteLength(body) > BODY_LIMIT

export interface RestCall {
  method: string
  /** below BASE */
  path: string
  commonHeaders: CommonHeaders
  headers?: Record<string, string>
  /** undefined = none is sent */
  body?: Given
  /** status of an answer without an error */
  success: number
  /** publishers have access as well */
  forPublishers?: boolean
  /** adds further possible answers */
  expect?(expected: Expectation<number>): void
  onSuccess(answer: WireAnswer): void
  /** called with an error answer, whose body has been checked */
  onError?(answer: WireAnswer): void
}

/** A call of the REST API, with the answer that its parts must lead to. */
export function restCall(call: RestCall): Planned {
  const { method, path, commonHeaders, headers, body, success, forPublishers } = call
  const hasBody = body !== undefined
  const expected = new Expectation(success)
  expectForCaller(expected, commonHeaders, {
    unauthenticated: 401,
    forbidden: 403,
    others: forPublishers ? ['publisher'] : [],
  })
  if (!isAcceptable(commonHeaders)) expected.refuse(406)
  if (hasBody && contentTypeValidity(commonHeaders) === 'bad') {
    // The content type of an empty body may be checked or ignored.
    expected.add(body.text === '' ? 'either' : 'bad', 415)
  }
  if (hasBody) expected.add(body.validity, 400)
  if (hasBody && isTooLarge(body.text)) expected.refuse(413)
  call.expect?.(expected)
  return {
    request: {
      method,
      path: BASE + path,
      headers: { ...headersOf(commonHeaders, hasBody), ...headers },
      body: body?.text,
    },
    check(answer) {
      expect(expected.outcomes()).toContain(answer.status)
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      if (answer.status < 400) return call.onSuccess(answer)
      expectErrors(answer)
      call.onError?.(answer)
    },
  }
}

/** A body that is mostly valid. */
export const mostly = (body: fc.Arbitrary<Given>): fc.Arbitrary<Given> =>
  fc.oneof(
    { weight: 20, arbitrary: body },
    { weight: 1, arbitrary: malformedJson.map((text): Given => ({ text, validity: 'bad' })) },
    {
      weight: 1,
      arbitrary: oddJson
        .filter((text) => !text.trim().startsWith('{'))
        .map((text): Given => ({ text, validity: 'bad' })),
    },
    { weight: 1, arbitrary: fc.constant<Given>({ text: '', validity: 'bad' }) },
  )

/** Both `/path/` and `/path` work. */
export const slash = fc.constantFrom('/', '/', '')
