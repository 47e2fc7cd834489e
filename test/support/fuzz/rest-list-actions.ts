import fc from 'fast-check'
import { type Action, action, endpointAt, ref } from './action'
import { commonHeaders } from './common-headers'
import { type EndpointState, restJsonOf } from './endpoint-state'
import { combinedValidity, type Given, type Validity } from './expectation'
import { expectAttemptJson, expectEndpointJson, pageOf } from './rest-answer'
import { restCall, slash } from './rest-request'
import { oddText } from './texts'
import type { World } from './world'

const all = (validity: Validity, texts: string[]) => texts.map((text): Given => ({ text, validity }))
const orLeftOut = (values: Given[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 5, arbitrary: fc.constantFrom(...values) },
  )

const NUMBERS_BAD = all('bad', [
  '',
  '-1',
  'x',
  '1.5',
  '1e2',
  '%201',
  '%00',
  '%ff',
  '%EF%BC%91',
  '0x1',
  'null',
])
const limit = orLeftOut([
  ...all('good', ['1', '2', '100', '101', '007', '2147483648', '9'.repeat(400)]),
  ...all('bad', ['0', '-0']),
  ...NUMBERS_BAD,
])
const offset = orLeftOut([
  ...all('good', ['0', '-0', '1', '50', '2147483648', '9'.repeat(30)]),
  ...NUMBERS_BAD,
])

const ordering = (names: string[]) =>
  orLeftOut([
    ...all('good', [...names, ...names.map((name) => `-${name}`)]),
    ...all('bad', ['', '-', 'id', '--created_at', 'CREATED_AT', 'toString', '__proto__', '%00']),
  ])

interface Parameters {
  limit?: Given
  offset?: Given
  ordering?: Given
}

function queryOf(parameters: Parameters, others: string[] = []): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const parts = [...given.map(([name, { text }]) => `${name}=${text}`), ...others]
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

const validityOf = (parameters: Parameters) =>
  combinedValidity(Object.values(parameters).map((value?: Given) => value?.validity ?? 'good'))

const numberOf = (given: Given | undefined, otherwise: number) => Math.abs(Number(given?.text ?? otherwise))

/** The expected endpoints of a page, in order. */
function expectedPage(states: EndpointState[], { limit, offset, ordering }: Parameters) {
  const [, minus, name] = /^(-?)(.*)$/.exec(ordering?.text ?? '-created_at') ?? []
  const keys: Record<string, (state: EndpointState) => number> = {
    created_at: ({ createdAt }) => Date.parse(createdAt),
    updated_at: ({ updatedAt }) => Date.parse(updatedAt),
    is_active: ({ isActive }) => Number(isActive),
  }
  const key = keys[name ?? ''] ?? Number
  const sorted = [...states].sort((a, b) => key(a) - key(b) || Number(a.id) - Number(b.id))
  if (minus) sorted.reverse()
  const skip = numberOf(offset, 0)
  return sorted.slice(skip, skip + Math.min(numberOf(limit, 20), 100)).map(restJsonOf)
}

const isAscii = (text: string) => /^[ -~]*$/.test(text)

export const restListActions: Action[] = [
  action({
    name: 'GET endpoint/',
    weight: 2,
    input: fc.record({
      commonHeaders,
      slash,
      limit,
      offset,
      ordering: ordering(['created_at', 'updated_at', 'is_active']),
    }),
    plan(world: World, { commonHeaders, slash, ...parameters }) {
      return restCall({
        method: 'GET',
        path: `endpoint${slash}${queryOf(parameters)}`,
        commonHeaders,
        success: 200,
        expect: (expected) => expected.add(validityOf(parameters), 400),
        onSuccess(answer) {
          const page = pageOf(answer)
          const states = [...world.endpoints.values()]
          expect(page.count).toBe(states.length)
          expect(page.results.map(expectEndpointJson)).toEqual(expectedPage(states, parameters))
        },
      })
    },
  }),
  action({
    name: 'GET endpoint/search/',
    weight: 2,
    input: fc.record({
      commonHeaders,
      slash,
      limit,
      offset,
      target: fc.oneof(fc.constantFrom('127.0.0.1', 'hook', 'HTTPS:', '%', '_', 'a', ''), oddText),
    }),
    plan(world: World, { commonHeaders, slash, target, ...parameters }) {
      // A URL cannot contain half of a surrogate pair.
      const part = target.toWellFormed()
      return restCall({
        method: 'GET',
        path: `endpoint/search${slash}${queryOf(parameters, [`target=${encodeURIComponent(part)}`])}`,
        commonHeaders,
        success: 200,
        expect(expected) {
          expected.add(validityOf(parameters), 400)
          if (part.includes('\0')) expected.refuse(400)
        },
        onSuccess(answer) {
          const page = pageOf(answer)
          for (const result of page.results) expectEndpointJson(result)
          const states = [...world.endpoints.values()]
          // The database decides upper and lower case of other scripts.
          if (![part, ...states.map((state) => state.target)].every(isAscii)) return
          const found = states.filter((state) => state.target.toLowerCase().includes(part.toLowerCase()))
          expect(page.count).toBe(found.length)
          expect(page.results).toEqual(expectedPage(found, parameters))
        },
      })
    },
  }),
  action({
    name: 'GET endpoint/{id}/attempt/',
    weight: 2,
    input: fc.record({
      which: ref,
      commonHeaders,
      slash,
      limit,
      offset,
      ordering: ordering(['created_at', 'sent_at', 'next_retry']),
    }),
    plan(world: World, { which, commonHeaders, slash, ...parameters }) {
      const { id, state } = endpointAt(world, which)
      return restCall({
        method: 'GET',
        path: `endpoint/${encodeURIComponent(id)}/attempt${slash}${queryOf(parameters)}`,
        commonHeaders,
        success: 200,
        expect(expected) {
          expected.add(validityOf(parameters), 400)
          if (!state) expected.refuse(404)
        },
        onSuccess: (answer) => pageOf(answer).results.forEach(expectAttemptJson),
      })
    },
  }),
]
