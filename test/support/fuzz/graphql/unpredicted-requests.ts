import fc from 'fast-check'
import { headersOf, METHODS, requestStyle } from '../inputs/request-style'
import { anyJson, malformedJson } from '../inputs/unusual-values'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import { checkedBody } from './answer-checks'
import { randomDocument } from './random-document'

const QUERY_STRINGS = [
  '?query={__typename}',
  '?query=mutation{deleteWebhookEndpoint(id:1){id}}',
  '?query=%7BwebhookEndpoints%7BtotalCount%7D%7D&variables={}',
  '?query={webhookEndpoints{totalCount}}&variables=%00',
  '?query=',
  '?variables={}&operationName=x',
  '?query[]=a&query[]=b',
  '',
]

/** Requests whose outcome the test does not predict. Their answers must fit the published schema. */
export const unpredictedGraphqlRequests: RequestKind[] = [
  requestKind({
    name: 'random GraphQL document',
    weight: 10,
    input: fc.record({ style: requestStyle, choices: fc.array(fc.nat(0xffff), { maxLength: 120 }) }),
    plan(state: ExpectedState, { style, choices }) {
      const { query, isMutation } = randomDocument(choices, {
        endpoints: [...state.endpoints.keys(), ...state.deletedIds.slice(0, 1)],
        events: state.events.slice(-3).map(({ id }) => id),
      })
      return {
        request: {
          method: 'POST',
          path: '/graphql',
          headers: headersOf(style, true),
          body: JSON.stringify({ query }),
        },
        checkAnswer: (answer) => void checkedBody(answer, query),
        hasUnknownEffect: isMutation,
      }
    },
  }),
  requestKind({
    name: 'unusual GraphQL body',
    weight: 2,
    input: fc.record({
      style: requestStyle,
      body: fc.oneof(
        malformedJson,
        anyJson,
        anyJson.map((text) => `{"query": ${text}}`),
        anyJson.map((text) => `{"query": "{__typename}", "variables": ${text}}`),
        anyJson.map(
          (text) => `{"query": "query A {__typename} query B {__typename}", "operationName": ${text}}`,
        ),
        anyJson.map((text) => `{"query": "{__typename}", "extensions": ${text}}`),
        fc.constant('{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}'),
      ),
    }),
    plan: (_state, { style, body }) => ({
      request: { method: 'POST', path: '/graphql', headers: headersOf(style, true), body },
      checkAnswer(answer) {
        const { data } = checkedBody(answer, '{__typename}')
        if (data) expect(data).toEqual({ __typename: 'Query' })
      },
    }),
  }),
  requestKind({
    name: 'GraphQL query strings and other methods',
    weight: 1,
    input: fc.record({
      style: requestStyle,
      method: fc.constantFrom(...METHODS),
      queryString: fc.constantFrom(...QUERY_STRINGS),
    }),
    plan: (_state, { style, method, queryString }) => ({
      request: { method, path: `/graphql${queryString}`, headers: headersOf(style, true) },
      checkAnswer(answer) {
        expect([200, 400, 401, 405, 406, 415]).toContain(answer.status)
        if (method === 'HEAD') return expect(answer.text).toBe('')
        checkedBody(
          answer,
          queryString.includes('totalCount') ? '{webhookEndpoints{totalCount}}' : '{__typename}',
        )
      },
    }),
  }),
]
