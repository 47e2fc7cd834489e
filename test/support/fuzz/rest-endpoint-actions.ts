import fc from 'fast-check'
import { jsonOf, type WireAnswer } from '../wire'
import { type Action, action, endpointAt, ref } from './action'
import { commonHeaders } from './common-headers'
import { type EndpointState, restJsonOf, writtenBy } from './endpoint-state'
import { EVENT_TYPES, endpointFields } from './fields'
import { isKnown, lets, match, tagsOf } from './preconditions'
import { endpointOf } from './rest-answer'
import { mostly, restCall, slash } from './rest-request'
import type { World } from './world'

const pathOf = (id: string, rest = '/') => `endpoint/${encodeURIComponent(id)}${rest}`

/** The answer to a failed precondition contains the stored endpoint. */
const showsCurrent = (state: EndpointState | undefined) => (answer: WireAnswer) => {
  if (answer.status !== 412 || !state) return
  expect(jsonOf(answer)).toMatchObject({ current: restJsonOf(state) })
  expect(answer.headers.etag).toBe(`"${state.version}"`)
}

function change(method: 'PUT' | 'PATCH', weight: number): Action {
  const isWhole = method === 'PUT'
  const fields = endpointFields('rest', isWhole ? ['target', 'events'] : [])
  return action({
    name: `${method} endpoint/{id}/`,
    weight,
    input: fc.record({ which: ref, commonHeaders, match, slash, body: mostly(fields) }),
    plan(world: World, input) {
      const { id, state } = endpointAt(world, input.which)
      const tags = tagsOf(input.match, state?.version ?? 1)
      const planned = restCall({
        method,
        path: pathOf(id, input.slash),
        commonHeaders: input.commonHeaders,
        headers: tags === undefined ? {} : { 'if-match': tags },
        body: input.body,
        success: 200,
        expect(expected) {
          if (!state) expected.refuse(404)
          else if (!lets(input.match)) expected.refuse(412)
        },
        onSuccess: (answer) =>
          world.changed(id, endpointOf(answer), writtenBy(JSON.parse(input.body.text), isWhole)),
        onError: showsCurrent(state),
      })
      return { ...planned, touched: state?.id }
    },
  })
}

export const restEndpointActions: Action[] = [
  action({
    name: 'POST endpoint/',
    weight: 3,
    input: fc.record({ commonHeaders, slash, body: mostly(endpointFields('rest', ['target', 'events'])) }),
    plan: (world: World, input) =>
      restCall({
        method: 'POST',
        path: `endpoint${input.slash}`,
        commonHeaders: input.commonHeaders,
        body: input.body,
        success: 201,
        onSuccess(answer) {
          const endpoint = endpointOf(answer)
          world.created(endpoint, writtenBy(JSON.parse(input.body.text), true))
          expect(answer.headers.location).toBe(`/api/v2/webhook/endpoint/${endpoint.id}/`)
        },
      }),
  }),
  change('PATCH', 14),
  change('PUT', 4),
  action({
    name: 'GET endpoint/{id}/',
    weight: 3,
    input: fc.record({ which: ref, commonHeaders, match, slash }),
    plan(world: World, input) {
      const { id, state } = endpointAt(world, input.which)
      const tags = tagsOf(input.match, state?.version ?? 1)
      const isFresh = state !== undefined && isKnown(input.match)
      return restCall({
        method: 'GET',
        path: pathOf(id, input.slash),
        commonHeaders: input.commonHeaders,
        headers: tags === undefined ? {} : { 'if-none-match': tags },
        success: isFresh ? 304 : 200,
        expect: (expected) => state ?? expected.refuse(404),
        onSuccess(answer) {
          expect(answer.headers.etag).toBe(`"${state?.version}"`)
          if (isFresh) expect(answer.text).toBe('')
          else expect(endpointOf(answer)).toEqual(state)
        },
      })
    },
  }),
  action({
    name: 'DELETE endpoint/{id}/',
    weight: 1,
    input: fc.record({ which: ref, commonHeaders, match, slash }),
    plan(world: World, input) {
      const { id, state } = endpointAt(world, input.which)
      const tags = tagsOf(input.match, state?.version ?? 1)
      const planned = restCall({
        method: 'DELETE',
        path: pathOf(id, input.slash),
        commonHeaders: input.commonHeaders,
        headers: tags === undefined ? {} : { 'if-match': tags },
        success: 204,
        expect(expected) {
          if (!state) expected.refuse(404)
          else if (!lets(input.match)) expected.refuse(412)
        },
        onSuccess(answer) {
          expect(answer.text).toBe('')
          world.removed(id)
        },
        onError: showsCurrent(state),
      })
      return { ...planned, touched: state?.id }
    },
  }),
  action({
    name: 'GET endpoint/event/',
    weight: 1,
    input: fc.record({ commonHeaders, slash }),
    plan: (_world, input) =>
      restCall({
        method: 'GET',
        path: `endpoint/event${input.slash}`,
        commonHeaders: input.commonHeaders,
        success: 200,
        onSuccess(answer) {
          const types = jsonOf(answer) as string[]
          expect(types).toEqual([...new Set(types)].sort())
          expect(types).toEqual(expect.arrayContaining(EVENT_TYPES))
        },
      }),
  }),
]
