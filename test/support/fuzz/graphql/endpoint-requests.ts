import fc from 'fast-check'
import { CREATE, DELETE, GET, REPLACE, UPDATE } from '../../endpoint-documents'
import { endpointFields } from '../inputs/endpoint-fields'
import { chosenEndpoint, idChoice } from '../inputs/id-choice'
import { type RequestPart, sometimesNoObject, validJson, validText } from '../inputs/request-part'
import { requestStyle } from '../inputs/request-style'
import { allowsChange, type VersionPrecondition } from '../inputs/version-precondition'
import { type EndpointState, writtenFields } from '../model/endpoint-state'
import type { ExpectedOutcomes } from '../model/expected-outcomes'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import type { GraphqlBody } from './answer-checks'
import { graphqlOperation } from './operation'

/** How the argument or the patch field `expectedVersion` names the version. */
const versionPrecondition = fc.oneof(
  { weight: 3, arbitrary: fc.constant<VersionPrecondition>('none') },
  { weight: 1, arbitrary: fc.constantFrom<VersionPrecondition>('current', 'stale') },
)

const versionText = (precondition: VersionPrecondition, endpoint: EndpointState | undefined) =>
  String((endpoint?.version ?? 1) + (precondition === 'stale' ? 1 : 0))

/** The variable `expectedVersion`, or no variable. */
const versionVariable = (
  precondition: VersionPrecondition,
  endpoint: EndpointState | undefined,
): Record<string, RequestPart> =>
  precondition === 'none' ? {} : { expectedVersion: validText(versionText(precondition, endpoint)) }

/** Adds a field at the start of the JSON text of an object. */
const withField = (text: string, field: string) =>
  text.replace(/^\{(?=(.?))/s, (_, next) => (next === '}' ? `{${field}` : `{${field}, `))

/** The failures and the failure check of an operation that changes an endpoint under a precondition. */
const changeFailures = (endpoint: EndpointState | undefined, precondition: VersionPrecondition) => ({
  addFailures(expected: ExpectedOutcomes<string>) {
    if (!endpoint) expected.mustFail('NOT_FOUND')
    else if (!allowsChange(precondition)) expected.mustFail('VERSION_CONFLICT')
  },
  // A failed precondition answers with the stored endpoint.
  onFailure({ errors = [] }: GraphqlBody) {
    for (const { extensions } of errors) {
      if (extensions.code === 'VERSION_CONFLICT') expect(extensions.current).toEqual(endpoint)
    }
  },
})

export const graphqlEndpointRequests: RequestKind[] = [
  requestKind({
    name: 'createWebhookEndpoint',
    weight: 3,
    input: fc.record({
      style: requestStyle,
      input: sometimesNoObject(endpointFields('graphql', ['target', 'events'])),
    }),
    plan: (state: ExpectedState, { style, input }) =>
      graphqlOperation({
        query: CREATE,
        variables: { input },
        style,
        onSuccess: ({ createWebhookEndpoint }) =>
          state.endpointCreated(
            createWebhookEndpoint as EndpointState,
            writtenFields(JSON.parse(input.text), true),
          ),
      }),
  }),
  requestKind({
    name: 'updateWebhookEndpoint',
    weight: 12,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      version: versionPrecondition,
      patch: sometimesNoObject(endpointFields('graphql')),
    }),
    plan(state: ExpectedState, { choice, style, version, patch }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const isObject = patch.text.startsWith('{') && patch.text.endsWith('}')
      const precondition = isObject ? version : 'none'
      const sentPatch: RequestPart =
        precondition === 'none'
          ? patch
          : {
              ...patch,
              text: withField(patch.text, `"expectedVersion": ${versionText(precondition, endpoint)}`),
            }
      const planned = graphqlOperation({
        query: UPDATE,
        variables: { id: validJson(id), patch: sentPatch },
        style,
        ...changeFailures(endpoint, precondition),
        onSuccess: ({ updateWebhookEndpoint }) =>
          state.endpointChanged(
            id,
            updateWebhookEndpoint as EndpointState,
            writtenFields(JSON.parse(patch.text), false),
          ),
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
  requestKind({
    name: 'replaceWebhookEndpoint',
    weight: 4,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      precondition: versionPrecondition,
      input: sometimesNoObject(endpointFields('graphql', ['target', 'events'])),
    }),
    plan(state: ExpectedState, { choice, style, precondition, input }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = graphqlOperation({
        query: REPLACE,
        variables: { id: validJson(id), input, ...versionVariable(precondition, endpoint) },
        style,
        ...changeFailures(endpoint, precondition),
        onSuccess: ({ replaceWebhookEndpoint }) =>
          state.endpointChanged(
            id,
            replaceWebhookEndpoint as EndpointState,
            writtenFields(JSON.parse(input.text), true),
          ),
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
  requestKind({
    name: 'webhookEndpoint',
    weight: 2,
    input: fc.record({ choice: idChoice, style: requestStyle }),
    plan(state: ExpectedState, { choice, style }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      return graphqlOperation({
        query: GET,
        variables: { id: validJson(id) },
        style,
        onSuccess: ({ webhookEndpoint }) => expect(webhookEndpoint).toEqual(endpoint ?? null),
      })
    },
  }),
  requestKind({
    name: 'deleteWebhookEndpoint',
    weight: 1,
    input: fc.record({ choice: idChoice, style: requestStyle, precondition: versionPrecondition }),
    plan(state: ExpectedState, { choice, style, precondition }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = graphqlOperation({
        query: DELETE,
        variables: { id: validJson(id), ...versionVariable(precondition, endpoint) },
        style,
        ...changeFailures(endpoint, precondition),
        onSuccess({ deleteWebhookEndpoint }) {
          expect(deleteWebhookEndpoint).toEqual({ id })
          state.endpointDeleted(id)
        },
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
]
