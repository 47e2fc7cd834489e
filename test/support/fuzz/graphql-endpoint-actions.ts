import fc from 'fast-check'
import { CREATE, DELETE, GET, REPLACE, UPDATE } from '../endpoint-documents'
import { type Action, action, endpointAt, ref } from './action'
import { commonHeaders } from './common-headers'
import { type EndpointState, writtenBy } from './endpoint-state'
import type { Expectation, Given } from './expectation'
import { endpointFields } from './fields'
import type { GraphqlBody } from './graphql-answer'
import { json, operation } from './graphql-request'
import { lets, type Match } from './preconditions'
import { mostly } from './rest-request'
import type { World } from './world'

/** The argument `expectedVersion`, or the field of a patch. */
const expectedVersion = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Match>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Match>('current', 'stale') },
)

const versionText = (how: Match, state: EndpointState | undefined) =>
  String((state?.version ?? 1) + (how === 'stale' ? 1 : 0))

/** Adds a field to the JSON text of an object. */
const withField = (text: string, field: string) =>
  text.replace(/^\{(?=(.?))/s, (_, next) => (next === '}' ? `{${field}` : `{${field}, `))

const expectEndpoint = (state: EndpointState | undefined, how: Match) => (expected: Expectation<string>) => {
  if (!state) expected.refuse('NOT_FOUND')
  else if (!lets(how)) expected.refuse('VERSION_CONFLICT')
}

/** The answer to a failed precondition contains the stored endpoint. */
const showsCurrent =
  (state: EndpointState | undefined) =>
  ({ errors = [] }: GraphqlBody) => {
    for (const { extensions } of errors) {
      if (extensions.code === 'VERSION_CONFLICT') expect(extensions.current).toEqual(state)
    }
  }

export const graphqlEndpointActions: Action[] = [
  action({
    name: 'createWebhookEndpoint',
    weight: 3,
    input: fc.record({ commonHeaders, input: mostly(endpointFields('graphql', ['target', 'events'])) }),
    plan: (world: World, { commonHeaders, input }) =>
      operation({
        query: CREATE,
        variables: { input },
        commonHeaders,
        onSuccess: ({ createWebhookEndpoint }) =>
          world.created(createWebhookEndpoint as EndpointState, writtenBy(JSON.parse(input.text), true)),
      }),
  }),
  action({
    name: 'updateWebhookEndpoint',
    weight: 12,
    input: fc.record({
      which: ref,
      commonHeaders,
      version: expectedVersion,
      patch: mostly(endpointFields('graphql')),
    }),
    plan(world: World, { which, commonHeaders, version, patch }) {
      const { id, state } = endpointAt(world, which)
      const isObject = patch.text.startsWith('{') && patch.text.endsWith('}')
      const how = isObject ? version : 'none'
      const given: Given =
        how === 'none'
          ? patch
          : { ...patch, text: withField(patch.text, `"expectedVersion": ${versionText(how, state)}`) }
      const planned = operation({
        query: UPDATE,
        variables: { id: json(id), patch: given },
        commonHeaders,
        expect: expectEndpoint(state, how),
        onSuccess: ({ updateWebhookEndpoint }) =>
          world.changed(id, updateWebhookEndpoint as EndpointState, writtenBy(JSON.parse(patch.text), false)),
        onError: showsCurrent(state),
      })
      return { ...planned, touched: state?.id }
    },
  }),
  action({
    name: 'replaceWebhookEndpoint',
    weight: 4,
    input: fc.record({
      which: ref,
      commonHeaders,
      version: expectedVersion,
      input: mostly(endpointFields('graphql', ['target', 'events'])),
    }),
    plan(world: World, { which, commonHeaders, version, input }) {
      const { id, state } = endpointAt(world, which)
      const expected: Record<string, Given> =
        version === 'none' ? {} : { expectedVersion: { text: versionText(version, state), validity: 'good' } }
      const planned = operation({
        query: REPLACE,
        variables: { id: json(id), input, ...expected },
        commonHeaders,
        expect: expectEndpoint(state, version),
        onSuccess: ({ replaceWebhookEndpoint }) =>
          world.changed(id, replaceWebhookEndpoint as EndpointState, writtenBy(JSON.parse(input.text), true)),
        onError: showsCurrent(state),
      })
      return { ...planned, touched: state?.id }
    },
  }),
  action({
    name: 'webhookEndpoint',
    weight: 2,
    input: fc.record({ which: ref, commonHeaders }),
    plan(world: World, { which, commonHeaders }) {
      const { id, state } = endpointAt(world, which)
      return operation({
        query: GET,
        variables: { id: json(id) },
        commonHeaders,
        onSuccess: ({ webhookEndpoint }) => expect(webhookEndpoint).toEqual(state ?? null),
      })
    },
  }),
  action({
    name: 'deleteWebhookEndpoint',
    weight: 1,
    input: fc.record({ which: ref, commonHeaders, version: expectedVersion }),
    plan(world: World, { which, commonHeaders, version }) {
      const { id, state } = endpointAt(world, which)
      const expected: Record<string, Given> =
        version === 'none' ? {} : { expectedVersion: { text: versionText(version, state), validity: 'good' } }
      const planned = operation({
        query: DELETE,
        variables: { id: json(id), ...expected },
        commonHeaders,
        expect: expectEndpoint(state, version),
        onSuccess({ deleteWebhookEndpoint }) {
          expect(deleteWebhookEndpoint).toBe(id)
          world.removed(id)
        },
        onError: showsCurrent(state),
      })
      return { ...planned, touched: state?.id }
    },
  }),
]
