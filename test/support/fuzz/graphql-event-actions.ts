import fc from 'fast-check'
import { ATTEMPTS, EVENT, EXPIRE, PUBLISH, RESEND, REVEAL, SEND_TEST } from '../event-documents'
import { type Action, action, endpointAt, eventAt, ref } from './action'
import { commonHeaders } from './common-headers'
import type { Given, Validity } from './expectation'
import { EVENT_TYPES, NOWHERE } from './fields'
import { INVALID, json, operation } from './graphql-request'
import { contentOf, idempotencyKey, publication } from './rest-event-actions'
import type { World } from './world'

const given = (validity: Validity, ...texts: string[]) => texts.map((text): Given => ({ text, validity }))

const left = (present: Record<string, Given | undefined>): Record<string, Given> =>
  Object.fromEntries(Object.entries(present).filter(([, value]) => value !== undefined)) as Record<
    string,
    Given
  >

const option = (...values: Given[]) => fc.oneof(fc.constant(undefined), fc.constantFrom(...values))

export const graphqlEventActions: Action[] = [
  action({
    name: 'publishWebhookEvent',
    weight: 4,
    input: fc.record({ commonHeaders, publication, key: idempotencyKey }),
    plan(world: World, { commonHeaders, publication: { type, data }, key }) {
      const name = key && world.name + key.text
      const content = contentOf(type, data)
      const meaning = world.keyMeans(name, content)
      const keyText = name === undefined ? '' : `, "idempotencyKey": ${JSON.stringify(name)}`
      return operation({
        query: PUBLISH,
        variables: {
          input: { text: `{"type": ${type.text}, "data": ${data.text}${keyText}}`, validity: 'good' },
        },
        commonHeaders,
        forPublishers: true,
        expect(expected) {
          for (const part of [type, data, key]) if (part) expected.add(part.validity, ...INVALID)
          if (meaning === 'other') expected.refuse('CONFLICT')
        },
        onSuccess({ publishWebhookEvent }) {
          const event = publishWebhookEvent as { id: string; type: string; data: unknown; repeated: boolean }
          expect([event.type, event.repeated]).toEqual([content.type, meaning === 'same'])
          expect(JSON.stringify(event.data)).toBe(content.data)
          world.published({ id: event.id, ...content }, name)
        },
      })
    },
  }),
  action({
    name: 'webhookEvent',
    weight: 2,
    input: fc.record({ which: ref, commonHeaders }),
    plan(world: World, { which, commonHeaders }) {
      const { id, isKnown } = eventAt(world, which)
      const event = world.events.find((each) => isKnown && each.id === id)
      return operation({
        query: EVENT,
        variables: { id: json(id) },
        commonHeaders,
        onSuccess({ webhookEvent }) {
          if (!event) return expect(webhookEvent).toBeNull()
          const { type, data } = webhookEvent as { type: string; data: unknown }
          expect([type, JSON.stringify(data)]).toEqual([event.type, event.data])
        },
      })
    },
  }),
  action({
    name: 'webhookAttempts',
    weight: 2,
    input: fc.record({
      which: ref,
      commonHeaders,
      filter: option(
        ...given(
          'good',
          'null',
          '{}',
          '{"isSuccessful": false, "error": "CONNECTION"}',
          '{"eventId": "1\\u0000"}',
        ),
        ...given('good', '{"eventId": 9007199254740992, "error": null}', '{"isSuccessful": null}'),
        ...given(
          'bad',
          '{"error": "connection"}',
          '{"eventId": 1.5}',
          '{"isSuccessful": "x"}',
          '7',
          '{"x": 1}',
        ),
      ),
      orderBy: option(
        ...given('good', '"SENT_AT_ASC"', '"NEXT_RETRY_DESC"'),
        ...given('bad', '"sent_at"', '0'),
      ),
      limit: option(
        ...given('good', '1', '2147483647'),
        ...given('bad', '0', '-1', '2147483648', '1.5', '"1"'),
      ),
      offset: option(...given('good', '0', '2147483647'), ...given('bad', '-1', '1e400', '[]')),
    }),
    plan(world: World, { which, commonHeaders, ...others }) {
      const { id, state } = endpointAt(world, which)
      return operation({
        query: ATTEMPTS,
        variables: { id: json(id), ...left(others) },
        commonHeaders,
        expect: (expected) => state ?? expected.refuse('NOT_FOUND'),
        onSuccess: () => undefined,
      })
    },
  }),
  action({
    name: 'resendWebhookEvents',
    weight: 2,
    input: fc.record({ which: ref, commonHeaders, events: fc.array(ref, { maxLength: 4 }) }),
    plan(world: World, { which, commonHeaders, events }) {
      const { id, state } = endpointAt(world, which)
      const found = events.map((event) => eventAt(world, event))
      const ids = found.map((event) => event.id)
      return operation({
        query: RESEND,
        variables: { id: json(id), eventIds: json(ids) },
        commonHeaders,
        expect(expected) {
          if (!state) expected.refuse('NOT_FOUND')
          else if (!state.isActive) expected.refuse('CONFLICT')
          if (found.length === 0 || !found.every(({ isKnown }) => isKnown))
            expected.refuse('VALIDATION_FAILED')
        },
        onSuccess: ({ resendWebhookEvents }) => expect(resendWebhookEvents).toBe(new Set(ids).size),
      })
    },
  }),
  action({
    name: 'sendTestWebhookEvent',
    weight: 1,
    input: fc.record({
      which: ref,
      commonHeaders,
      type: option(
        ...given('good', 'null', JSON.stringify(EVENT_TYPES[0])),
        ...given('bad', '"no.such"', '"\\u0000"', '7'),
      ),
    }),
    plan(world: World, { which, commonHeaders, type }) {
      const chosen = endpointAt(world, which)
      // No send of a test may reach a real address.
      const isHarmless = chosen.state?.target.startsWith(NOWHERE) === true
      const { id, state } = isHarmless ? chosen : { id: '0', state: undefined }
      return operation({
        query: SEND_TEST,
        variables: { id: json(id), ...left({ type }) },
        commonHeaders,
        expect: (expected) => state ?? expected.refuse('NOT_FOUND'),
        onSuccess: ({ sendTestWebhookEvent }) =>
          expect(sendTestWebhookEvent).toMatchObject({ number: 1, error: 'CONNECTION', nextRetryAt: null }),
      })
    },
  }),
  action({
    name: 'revealWebhookEndpointSecret',
    weight: 1,
    input: fc.record({
      which: ref,
      commonHeaders,
      password: option(...given('good', 'null', '"\\u0000"'), ...given('bad', '1')),
    }),
    plan(world: World, { which, commonHeaders, password }) {
      const { id, state } = endpointAt(world, which)
      return operation({
        query: REVEAL,
        variables: { id: json(id), ...left({ password }) },
        commonHeaders,
        expect: (expected) => state ?? expected.refuse('NOT_FOUND'),
        onSuccess: ({ revealWebhookEndpointSecret }) => world.revealed(id, revealWebhookEndpointSecret),
      })
    },
  }),
  action({
    name: 'expireWebhookEndpointSecret',
    weight: 1,
    input: fc.record({
      which: ref,
      commonHeaders,
      overlapSeconds: option(
        ...given('good', '0', '1', '604800', 'null'),
        ...given('bad', '-1', '604801', '1.5', '"0"'),
      ),
    }),
    plan(world: World, { which, commonHeaders, overlapSeconds }) {
      const { id, state } = endpointAt(world, which)
      const planned = operation({
        query: EXPIRE,
        variables: { id: json(id), ...left({ overlapSeconds }) },
        commonHeaders,
        expect: (expected) => state ?? expected.refuse('NOT_FOUND'),
        onSuccess({ expireWebhookEndpointSecret }) {
          expect(expireWebhookEndpointSecret).toEqual({ id, version: state?.version })
          world.secretExpired(id)
        },
      })
      return { ...planned, touched: state?.id }
    },
  }),
]
