import fc from 'fast-check'
import { chosenEndpoint, idChoice } from '../inputs/id-choice'
import { invalidText, type RequestPart, validText } from '../inputs/request-part'
import { requestStyle } from '../inputs/request-style'
import { unusualText } from '../inputs/unusual-values'
import { type EndpointState, restJsonOf } from '../model/endpoint-state'
import { combinedValidity } from '../model/expected-outcomes'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import { expectAttemptJson, expectEndpointJson, pageOf } from './answer-checks'
import { endpointPath, restCall, slash } from './rest-call'

const optional = (valid: string[], invalid: string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 5, arbitrary: fc.constantFrom(...valid.map(validText), ...invalid.map(invalidText)) },
  )

const NO_NUMBERS = ['', '-1', 'x', '1.5', '1e2', '%201', '%00', '%ff', '%EF%BC%91', '0x1', 'null']

const limit = optional(
  ['1', '2', '100', '101', '007', '2147483648', '9'.repeat(400)],
  ['0', '-0', ...NO_NUMBERS],
)

const offset = optional(['0', '-0', '1', '50', '2147483648', '9'.repeat(30)], NO_NUMBERS)

const ordering = (names: string[]) =>
  optional(
    [...names, ...names.map((name) => `-${name}`)],
    ['', '-', 'id', '--created_at', 'CREATED_AT', 'toString', '__proto__', '%00'],
  )

interface Parameters {
  limit?: RequestPart
  offset?: RequestPart
  ordering?: RequestPart
}

function queryString(parameters: Parameters, others: string[] = []): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const parts = [...given.map(([name, { text }]) => `${name}=${text}`), ...others]
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

const validityOf = (parameters: Parameters) =>
  combinedValidity(Object.values(parameters).map((value?: RequestPart) => value?.validity ?? 'valid'))

const numberOf = (parameter: RequestPart | undefined, fallback: number) =>
  Math.abs(Number(parameter?.text ?? fallback))

/** The REST JSON of the endpoints that a page must have, in order. */
function expectedPage(endpoints: EndpointState[], { limit, offset, ordering }: Parameters) {
  const [, minus, name] = /^(-?)(.*)$/.exec(ordering?.text ?? '-created_at') ?? []
  const keys: Record<string, (endpoint: EndpointState) => number> = {
    created_at: ({ createdAt }) => Date.parse(createdAt),
    updated_at: ({ updatedAt }) => Date.parse(updatedAt),
    is_active: ({ isActive }) => Number(isActive),
  }
  const key = keys[name ?? ''] ?? Number
  const sorted = [...endpoints].sort((a, b) => key(a) - key(b) || Number(a.id) - Number(b.id))
  if (minus) sorted.reverse()
  const skip = numberOf(offset, 0)
  return sorted.slice(skip, skip + Math.min(numberOf(limit, 20), 100)).map(restJsonOf)
}

const isAscii = (text: string) => /^[ -~]*$/.test(text)

export const restListRequests: RequestKind[] = [
  requestKind({
    name: 'GET endpoint/',
    weight: 2,
    input: fc.record({
      style: requestStyle,
      slash,
      limit,
      offset,
      ordering: ordering(['created_at', 'updated_at', 'is_active']),
    }),
    plan(state: ExpectedState, { style, slash, ...parameters }) {
      return restCall({
        method: 'GET',
        path: `endpoint${slash}${queryString(parameters)}`,
        style,
        success: 200,
        addFailures: (expected) => expected.addPart(validityOf(parameters), 400),
        onSuccess(answer) {
          const page = pageOf(answer)
          const endpoints = [...state.endpoints.values()]
          expect(page.count).toBe(endpoints.length)
          expect(page.results.map(expectEndpointJson)).toEqual(expectedPage(endpoints, parameters))
        },
      })
    },
  }),
  requestKind({
    name: 'GET endpoint/search/',
    weight: 2,
    input: fc.record({
      style: requestStyle,
      slash,
      limit,
      offset,
      target: fc.oneof(fc.constantFrom('127.0.0.1', 'hook', 'HTTPS:', '%', '_', 'a', ''), unusualText),
    }),
    plan(state: ExpectedState, { style, slash, target, ...parameters }) {
      // A URL cannot carry half of a surrogate pair.
      const part = target.toWellFormed()
      return restCall({
        method: 'GET',
        path: `endpoint/search${slash}${queryString(parameters, [`target=${encodeURIComponent(part)}`])}`,
        style,
        success: 200,
        addFailures(expected) {
          expected.addPart(validityOf(parameters), 400)
          if (part.includes('\0')) expected.mustFail(400)
        },
        onSuccess(answer) {
          const page = pageOf(answer)
          for (const result of page.results) expectEndpointJson(result)
          const endpoints = [...state.endpoints.values()]
          // The locale of the database decides about upper and lower case beyond ASCII.
          if (![part, ...endpoints.map((endpoint) => endpoint.target)].every(isAscii)) return
          const found = endpoints.filter((endpoint) =>
            endpoint.target.toLowerCase().includes(part.toLowerCase()),
          )
          expect(page.count).toBe(found.length)
          expect(page.results).toEqual(expectedPage(found, parameters))
        },
      })
    },
  }),
  requestKind({
    name: 'GET endpoint/{id}/attempt/',
    weight: 2,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      slash,
      limit,
      offset,
      ordering: ordering(['created_at', 'sent_at', 'next_retry']),
    }),
    plan(state: ExpectedState, { choice, style, slash, ...parameters }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      return restCall({
        method: 'GET',
        path: endpointPath(id, `/attempt${slash}${queryString(parameters)}`),
        style,
        success: 200,
        addFailures(expected) {
          expected.addPart(validityOf(parameters), 400)
          if (!endpoint) expected.mustFail(404)
        },
        onSuccess: (answer) => pageOf(answer).results.forEach(expectAttemptJson),
      })
    },
  }),
]
