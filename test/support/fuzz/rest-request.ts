import fc from 'fast-check'
import type { WireAnswer } from '../wire'
import type { Planned } from './action'
import { contentTypeVerdict, type Dress, headersOf, isAcceptable, judgeCaller } from './dress'
import { expectErrors } from './rest-answer'
import { malformedJson, oddJson } from './texts'
import { Expectation, type Given } from './verdict'

export const BASE = '/api/v2/webhook/'

const BODY_LIMIT = 256 * 1024

export const isTooLarge = (body: string) => Buffer.byteLength(body) > BODY_LIMIT

export interface RestCall {
  method: string
  /** below BASE */
  path: string
  dress: Dress
  headers?: Record<string, string>
  /** undefined = none is sent */
  body?: Given
  /** of an answer that is no refusal */
  success: number
  /** publishers may as well */
  forPublishers?: boolean
  /** adds what else may be answered */
  expect?(expected: Expectation<number>): void
  onSuccess(answer: WireAnswer): void
  /** told of a refusal, whose body has been checked */
  onRefusal?(answer: WireAnswer): void
}

/** A call of the REST API with all that may be wrong about it. */
export function restCall(call: RestCall): Planned {
  const { method, path, dress, headers, body, success, forPublishers } = call
  const hasBody = body !== undefined
  const expected = new Expectation(success)
  judgeCaller(expected, dress, {
    unauthenticated: 401,
    forbidden: 403,
    others: forPublishers ? ['publisher'] : [],
  })
  if (!isAcceptable(dress)) expected.refuse(406)
  if (hasBody && contentTypeVerdict(dress) === 'bad') {
    // Of no body at all it may be looked at, or not.
    expected.judge(body.text === '' ? 'either' : 'bad', 415)
  }
  if (hasBody) expected.judge(body.verdict, 400)
  if (hasBody && isTooLarge(body.text)) expected.refuse(413)
  call.expect?.(expected)
  return {
    request: {
      method,
      path: BASE + path,
      headers: { ...headersOf(dress, hasBody), ...headers },
      body: body?.text,
    },
    judge(answer) {
      expect(expected.outcomes()).toContain(answer.status)
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      if (answer.status < 400) return call.onSuccess(answer)
      expectErrors(answer)
      call.onRefusal?.(answer)
    },
  }
}

/** A body as it should be, most of the time. */
export const mostly = (body: fc.Arbitrary<Given>): fc.Arbitrary<Given> =>
  fc.oneof(
    { weight: 20, arbitrary: body },
    { weight: 1, arbitrary: malformedJson.map((text): Given => ({ text, verdict: 'bad' })) },
    {
      weight: 1,
      arbitrary: oddJson
        .filter((text) => !text.trim().startsWith('{'))
        .map((text): Given => ({ text, verdict: 'bad' })),
    },
    { weight: 1, arbitrary: fc.constant<Given>({ text: '', verdict: 'bad' }) },
  )

/** Both `/path/` and `/path` work. */
export const slash = fc.constantFrom('/', '/', '')
