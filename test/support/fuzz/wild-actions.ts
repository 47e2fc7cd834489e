import fc from 'fast-check'
import { type Action, action } from './action'
import { commonHeaders, headersOf } from './common-headers'
import { documentOf } from './documents'
import { graphqlBodyOf } from './graphql-answer'
import { expectErrors } from './rest-answer'
import { BASE } from './rest-request'
import { malformedJson, oddJson } from './texts'
import type { World } from './world'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const PATHS = [
  '',
  'endpoint/1/secret/',
  'endpoint/1/secret/reveal/',
  'endpoint/1/attempt/',
  'endpoint/1/event/resend/bulk/',
  'endpoint/event/',
  'endpoint/search',
  'endpoint//',
  'endpoint///1/',
  'endpoint/1//',
  'endpoint/%zz/',
  'endpoint/%00/',
  'endpoint/%ff/',
  'endpoint/..%2f..%2f',
  '../../../graphql',
  'endpoint/1/;a=b',
  'ENDPOINT/',
  'event/1/',
  'event/?type=post.created',
  `${'x/'.repeat(500)}`,
]

const QUERIES = [
  '?query={__typename}',
  '?query=mutation{deleteWebhookEndpoint(id:1)}',
  '?query=%7BwebhookEndpoints%7BtotalCount%7D%7D&variables={}',
  '?query={webhookEndpoints{totalCount}}&variables=%00',
  '?query=',
  '?variables={}&operationName=x',
  '?query[]=a&query[]=b',
  '',
]

/** Requests whose outcome is not predicted: only the form of the answer is checked. */
export const wildActions: Action[] = [
  action({
    name: 'odd document',
    weight: 10,
    input: fc.record({ commonHeaders, tape: fc.array(fc.nat(0xffff), { maxLength: 120 }) }),
    plan(world: World, { commonHeaders, tape }) {
      const endpointIds = [...world.endpoints.keys(), ...world.deleted.slice(0, 1)]
      const eventIds = world.events.slice(-3).map(({ id }) => id)
      const { query, isMutation } = documentOf(tape, endpointIds, eventIds)
      return {
        request: {
          method: 'POST',
          path: '/graphql',
          headers: headersOf(commonHeaders, true),
          body: JSON.stringify({ query }),
        },
        check: (answer) => void graphqlBodyOf(answer, query),
        isWild: isMutation,
      }
    },
  }),
  action({
    name: 'odd body of GraphQL',
    weight: 2,
    input: fc.record({
      commonHeaders,
      body: fc.oneof(
        malformedJson,
        oddJson,
        oddJson.map((text) => `{"query": ${text}}`),
        oddJson.map((text) => `{"query": "{__typename}", "variables": ${text}}`),
        oddJson.map(
          (text) => `{"query": "query A {__typename} query B {__typename}", "operationName": ${text}}`,
        ),
        oddJson.map((text) => `{"query": "{__typename}", "extensions": ${text}}`),
        fc.constant('{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}'),
      ),
    }),
    plan: (_world, { commonHeaders, body }) => ({
      request: { method: 'POST', path: '/graphql', headers: headersOf(commonHeaders, true), body },
      check(answer) {
        const { data } = graphqlBodyOf(answer, '{__typename}')
        if (data) expect(data).toEqual({ __typename: 'Query' })
      },
    }),
  }),
  action({
    name: 'GraphQL by other methods',
    weight: 1,
    input: fc.record({
      commonHeaders,
      method: fc.constantFrom(...METHODS),
      query: fc.constantFrom(...QUERIES),
    }),
    plan: (_world, { commonHeaders, method, query }) => ({
      request: { method, path: `/graphql${query}`, headers: headersOf(commonHeaders, true) },
      check(answer) {
        expect([200, 400, 405, 406, 415]).toContain(answer.status)
        if (method === 'HEAD') return expect(answer.text).toBe('')
        graphqlBodyOf(
          answer,
          query.includes('totalCount') ? '{webhookEndpoints{totalCount}}' : '{__typename}',
        )
      },
    }),
  }),
  action({
    name: 'odd address or method of REST',
    weight: 2,
    input: fc.record({ commonHeaders, method: fc.constantFrom(...METHODS), path: fc.constantFrom(...PATHS) }),
    plan: (_world, { commonHeaders, method, path }) => ({
      request: { method, path: BASE + path, headers: headersOf(commonHeaders, false) },
      check(answer) {
        if (method === 'HEAD') return expect(answer.text).toBe('')
        if (answer.status >= 400) expectErrors(answer)
        expect([200, 400, 401, 403, 404, 405, 406]).toContain(answer.status)
      },
      isWild: true,
    }),
  }),
]
