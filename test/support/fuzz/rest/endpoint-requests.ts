import fc from 'fast-check'
import { jsonOf, type WireAnswer } from '../../wire'
import { EVENT_TYPES, endpointFields } from '../inputs/endpoint-fields'
import { chosenEndpoint, idChoice } from '../inputs/id-choice'
import { sometimesNoObject } from '../inputs/request-part'
import { requestStyle } from '../inputs/request-style'
import {
  allowsChange,
  entityTags,
  isNotModified,
  type VersionPrecondition,
  versionPrecondition,
} from '../inputs/version-precondition'
import { type EndpointState, restJsonOf, writtenFields } from '../model/endpoint-state'
import type { ExpectedOutcomes } from '../model/expected-outcomes'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import { endpointOf } from './answer-checks'
import { endpointPath, restCall, slash } from './rest-call'

const tagHeader = (
  name: 'if-match' | 'if-none-match',
  precondition: VersionPrecondition,
  endpoint?: EndpointState,
): Record<string, string> => {
  const tags = entityTags(precondition, endpoint?.version ?? 1)
  return tags === undefined ? {} : { [name]: tags }
}

/** The failures and the failure check of a call that changes an endpoint under a precondition. */
const changeFailures = (endpoint: EndpointState | undefined, precondition: VersionPrecondition) => ({
  addFailures(expected: ExpectedOutcomes<number>) {
    if (!endpoint) expected.mustFail(404)
    else if (!allowsChange(precondition)) expected.mustFail(412)
  },
  // A failed precondition answers with the stored endpoint.
  onFailure(answer: WireAnswer) {
    if (answer.status !== 412 || !endpoint) return
    expect(jsonOf(answer)).toMatchObject({ current: restJsonOf(endpoint) })
    expect(answer.headers.etag).toBe(`"${endpoint.version}"`)
  },
})

function change(method: 'PUT' | 'PATCH', weight: number): RequestKind {
  const isWhole = method === 'PUT'
  const fields = endpointFields('rest', isWhole ? ['target', 'events'] : [])
  return requestKind({
    name: `${method} endpoint/{id}/`,
    weight,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      precondition: versionPrecondition,
      slash,
      body: sometimesNoObject(fields),
    }),
    plan(state: ExpectedState, { choice, style, precondition, slash, body }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = restCall({
        method,
        path: endpointPath(id, slash),
        style,
        headers: tagHeader('if-match', precondition, endpoint),
        body,
        success: 200,
        ...changeFailures(endpoint, precondition),
        onSuccess: (answer) =>
          state.endpointChanged(id, endpointOf(answer), writtenFields(JSON.parse(body.text), isWhole)),
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  })
}

export const restEndpointRequests: RequestKind[] = [
  requestKind({
    name: 'POST endpoint/',
    weight: 3,
    input: fc.record({
      style: requestStyle,
      slash,
      body: sometimesNoObject(endpointFields('rest', ['target', 'events'])),
    }),
    plan: (state: ExpectedState, { style, slash, body }) =>
      restCall({
        method: 'POST',
        path: `endpoint${slash}`,
        style,
        body,
        success: 201,
        onSuccess(answer) {
          const endpoint = endpointOf(answer)
          state.endpointCreated(endpoint, writtenFields(JSON.parse(body.text), true))
          expect(answer.headers.location).toBe(`/api/v2/webhook/endpoint/${endpoint.id}/`)
        },
      }),
  }),
  change('PATCH', 14),
  change('PUT', 4),
  requestKind({
    name: 'GET endpoint/{id}/',
    weight: 3,
    input: fc.record({ choice: idChoice, style: requestStyle, precondition: versionPrecondition, slash }),
    plan(state: ExpectedState, { choice, style, precondition, slash }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const isUnchanged = endpoint !== undefined && isNotModified(precondition)
      return restCall({
        method: 'GET',
        path: endpointPath(id, slash),
        style,
        headers: tagHeader('if-none-match', precondition, endpoint),
        success: isUnchanged ? 304 : 200,
        addFailures(expected) {
          if (!endpoint) expected.mustFail(404)
        },
        onSuccess(answer) {
          expect(answer.headers.etag).toBe(`"${endpoint?.version}"`)
          if (isUnchanged) expect(answer.text).toBe('')
          else expect(endpointOf(answer)).toEqual(endpoint)
        },
      })
    },
  }),
  requestKind({
    name: 'DELETE endpoint/{id}/',
    weight: 1,
    input: fc.record({ choice: idChoice, style: requestStyle, precondition: versionPrecondition, slash }),
    plan(state: ExpectedState, { choice, style, precondition, slash }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = restCall({
        method: 'DELETE',
        path: endpointPath(id, slash),
        style,
        headers: tagHeader('if-match', precondition, endpoint),
        success: 204,
        ...changeFailures(endpoint, precondition),
        onSuccess(answer) {
          expect(answer.text).toBe('')
          state.endpointDeleted(id)
        },
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
  requestKind({
    name: 'GET endpoint/event/',
    weight: 1,
    input: fc.record({ style: requestStyle, slash }),
    plan: (_state, { style, slash }) =>
      restCall({
        method: 'GET',
        path: `endpoint/event${slash}`,
        style,
        success: 200,
        onSuccess(answer) {
          const types = jsonOf(answer) as string[]
          expect(types).toEqual([...new Set(types)].sort())
          expect(types).toEqual(expect.arrayContaining(EVENT_TYPES))
        },
      }),
  }),
]
