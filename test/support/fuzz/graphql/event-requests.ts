import fc from 'fast-check'
import { ATTEMPTS, EVENT, EXPIRE, PUBLISH, RESEND, REVEAL, SEND_TEST } from '../../event-documents'
import { CLOSED_PORT, EVENT_TYPES } from '../inputs/endpoint-fields'
import { chosenEndpoint, chosenEvent, idChoice } from '../inputs/id-choice'
import { dataOf, idempotencyKey, publication, publishedContent } from '../inputs/publication'
import { invalidText, type RequestPart, validJson, validText } from '../inputs/request-part'
import { requestStyle } from '../inputs/request-style'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import { graphqlOperation, INVALID } from './operation'

const optional = (valid: string[], invalid: string[]) =>
  fc.oneof(fc.constant(undefined), fc.constantFrom(...valid.map(validText), ...invalid.map(invalidText)))

const withoutUndefined = (variables: Record<string, RequestPart | undefined>) =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)) as Record<
    string,
    RequestPart
  >

export const graphqlEventRequests: RequestKind[] = [
  requestKind({
    name: 'publishWebhookEvent',
    weight: 4,
    input: fc.record({ style: requestStyle, publication, key: idempotencyKey }),
    plan(state: ExpectedState, { style, publication: { type, data }, key: suffix }) {
      const key = suffix && state.keyPrefix + suffix.text
      const content = publishedContent(type, data)
      const outcome = state.publishOutcome(key, content)
      const keyField = key === undefined ? '' : `, "idempotencyKey": ${JSON.stringify(key)}`
      return graphqlOperation({
        query: PUBLISH,
        variables: { input: validText(`{"type": ${type.text}, "data": ${data.text}${keyField}}`) },
        style,
        isForPublishers: true,
        addFailures(expected) {
          for (const part of [type, data, suffix]) if (part) expected.addPart(part.validity, ...INVALID)
          if (outcome === 'conflict') expected.mustFail('IDEMPOTENCY_CONFLICT')
        },
        onSuccess({ publishWebhookEvent }) {
          const { event, deduplicated } = publishWebhookEvent as {
            event: { id: string; type: string; body: string }
            deduplicated: boolean
          }
          expect([event.type, deduplicated]).toEqual([content.type, outcome === 'repeated'])
          expect(dataOf(event.body)).toBe(content.data)
          state.eventPublished({ id: event.id, ...content }, key)
        },
      })
    },
  }),
  requestKind({
    name: 'webhookEvent',
    weight: 2,
    input: fc.record({ choice: idChoice, style: requestStyle }),
    plan(state: ExpectedState, { choice, style }) {
      const { id, isStored } = chosenEvent(state, choice)
      const stored = state.events.find((event) => isStored && event.id === id)
      return graphqlOperation({
        query: EVENT,
        variables: { id: validJson(id) },
        style,
        onSuccess({ webhookEvent }) {
          if (!stored) return expect(webhookEvent).toBeNull()
          const { type, body } = webhookEvent as { type: string; body: string }
          expect([type, dataOf(body)]).toEqual([stored.type, stored.data])
        },
      })
    },
  }),
  requestKind({
    name: 'webhookAttemptPage',
    weight: 2,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      filter: optional(
        [
          'null',
          '{}',
          '{"outcome": ["FAILED"], "error": ["CONNECTION"]}',
          '{"eventId": "1\\u0000"}',
          '{"eventId": 9007199254740992, "error": null}',
          '{"outcome": null, "trigger": []}',
          '{"error": "CONNECTION"}',
          '{"since": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}',
          '{"eventType": "post.created", "responseStatusFrom": 200}',
        ],
        [
          '{"error": "connection"}',
          '{"eventId": 1.5}',
          '{"outcome": [null]}',
          '{"since": "2020-01-02T00:00:00Z", "until": "2020-01-01T00:00:00Z"}',
          '7',
          '{"x": 1}',
        ],
      ),
      orderBy: optional(['"SENT_AT_ASC"', '"NEXT_RETRY_DESC"'], ['"sent_at"', '0']),
      limit: optional(['1', '2147483647'], ['0', '-1', '2147483648', '1.5', '"1"']),
      offset: optional(['0', '2147483647'], ['-1', '1e400', '[]']),
    }),
    plan(state: ExpectedState, { choice, style, ...variables }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      return graphqlOperation({
        query: ATTEMPTS,
        variables: { id: validJson(id), ...withoutUndefined(variables) },
        style,
        addFailures(expected) {
          if (!endpoint) expected.mustFail('NOT_FOUND')
        },
        onSuccess: () => undefined,
      })
    },
  }),
  requestKind({
    name: 'resendWebhookEvents',
    weight: 2,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      eventChoices: fc.array(idChoice, { maxLength: 4 }),
    }),
    plan(state: ExpectedState, { choice, style, eventChoices }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const events = eventChoices.map((event) => chosenEvent(state, event))
      const ids = events.map((event) => event.id)
      return graphqlOperation({
        query: RESEND,
        variables: { id: validJson(id), eventIds: validJson(ids) },
        style,
        addFailures(expected) {
          if (!endpoint) expected.mustFail('NOT_FOUND')
          if (events.length === 0 || !events.every(({ isStored }) => isStored))
            expected.mustFail('VALIDATION_FAILED')
        },
        onSuccess({ resendWebhookEvents }) {
          const { deliveries } = resendWebhookEvents as { deliveries: { id: string }[] }
          expect(deliveries.map((delivery) => delivery.id)).toEqual(
            [...new Set(ids)].map((event) => `${event}-${id}`),
          )
        },
      })
    },
  }),
  requestKind({
    name: 'sendTestWebhookEvent',
    weight: 1,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      type: optional(['null', JSON.stringify(EVENT_TYPES[0])], ['"no.such"', '"\\u0000"', '7']),
    }),
    plan(state: ExpectedState, { choice, style, type }) {
      const chosen = chosenEndpoint(state, choice)
      // A test send makes a real request, so it only goes to a target on which nothing listens.
      const isHarmless = chosen.endpoint?.target.startsWith(CLOSED_PORT) === true
      const { id, endpoint } = isHarmless ? chosen : { id: '0', endpoint: undefined }
      return graphqlOperation({
        query: SEND_TEST,
        variables: { id: validJson(id), ...withoutUndefined({ type }) },
        style,
        addFailures(expected) {
          if (!endpoint) expected.mustFail('NOT_FOUND')
        },
        onSuccess: ({ sendTestWebhookEvent }) =>
          expect(sendTestWebhookEvent).toMatchObject({ number: 1, error: 'CONNECTION', nextRetryAt: null }),
      })
    },
  }),
  requestKind({
    name: 'revealWebhookEndpointSecret',
    weight: 1,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      password: optional(['null', '"\\u0000"'], ['1']),
    }),
    plan(state: ExpectedState, { choice, style, password }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      return graphqlOperation({
        query: REVEAL,
        variables: { id: validJson(id), ...withoutUndefined({ password }) },
        style,
        addFailures(expected) {
          if (!endpoint) expected.mustFail('NOT_FOUND')
        },
        onSuccess({ revealWebhookEndpointSecret }) {
          const { signingSecret } = revealWebhookEndpointSecret as { signingSecret: string }
          state.secretRevealed(id, signingSecret)
        },
      })
    },
  }),
  requestKind({
    name: 'expireWebhookEndpointSecret',
    weight: 1,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      overlapSeconds: optional(['0', '1', '604800', 'null'], ['-1', '604801', '1.5', '"0"']),
    }),
    plan(state: ExpectedState, { choice, style, overlapSeconds }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = graphqlOperation({
        query: EXPIRE,
        variables: { id: validJson(id), ...withoutUndefined({ overlapSeconds }) },
        style,
        addFailures(expected) {
          if (!endpoint) expected.mustFail('NOT_FOUND')
        },
        onSuccess({ expireWebhookEndpointSecret }) {
          expect(expireWebhookEndpointSecret).toEqual({ id, version: endpoint?.version })
          state.secretExpired(id)
        },
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
]
