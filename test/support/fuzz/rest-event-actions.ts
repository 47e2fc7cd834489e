import fc from 'fast-check'
import { jsonOf } from '../wire'
import { type Action, action, endpointAt, eventAt, type Ref, ref } from './action'
import { commonHeaders } from './common-headers'
import type { Given, Validity } from './expectation'
import { EVENT_TYPES } from './fields'
import { endpointOf } from './rest-answer'
import { mostly, restCall, slash } from './rest-request'
import { isPublishable, oddJson } from './texts'
import type { World } from './world'

/** An event to publish: its type and data, as JSON texts. */
export const publication = fc.record({
  type: fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .constantFrom(...EVENT_TYPES)
        .map((type) => ({ text: JSON.stringify(type), validity: 'good' as Validity })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('null', '7', '""', '"no.such"', '["post.created"]', '"\\u0000"', '"\\ud800"')
        .map((text) => ({ text, validity: 'bad' as Validity })),
    },
  ),
  data: oddJson.map((text): Given => ({ text, validity: isPublishable(text) ? 'good' : 'bad' })),
})

/** Few keys, so that requests repeat them. The name of the world is prepended. */
export const idempotencyKey = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.nat(2).map((nth) => ({ text: ` ${nth}`, validity: 'good' as Validity })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Given>(
      { text: '\xe9\xff', validity: 'good' },
      { text: 'x'.repeat(300), validity: 'bad' },
    ),
  },
)

/** The content of the event that the request publishes when it succeeds. */
export const contentOf = (type: Given, data: Given) => ({
  type: type.text.slice(1, -1),
  // Data that is rejected may be too deep to be parsed.
  data: data.validity === 'good' ? JSON.stringify(JSON.parse(data.text)) : data.text,
})

const eventIds: fc.Arbitrary<Ref[]> = fc.oneof(
  { weight: 10, arbitrary: fc.array(ref, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant<Ref[]>([]) },
)

const jsonIds = (ids: string[]) => `[${ids.map((id) => JSON.stringify(id)).join(', ')}]`

function resend(rest: string, isBulk: boolean): Action {
  return action({
    name: `POST endpoint/{id}/${rest}/`,
    weight: 2,
    input: fc.record({
      which: ref,
      commonHeaders,
      slash,
      events: isBulk ? eventIds : fc.array(ref, { minLength: 1, maxLength: 1 }),
    }),
    plan(world: World, { which, commonHeaders, slash, events }) {
      const { id, state } = endpointAt(world, which)
      const found = events.map((event) => eventAt(world, event))
      const areKnown = found.length > 0 && found.every(({ isKnown }) => isKnown)
      const ids = jsonIds(found.map((event) => event.id))
      return restCall({
        method: 'POST',
        path: `endpoint/${encodeURIComponent(id)}/${rest}${slash}`,
        commonHeaders,
        body: { text: `{"event": ${isBulk ? ids : ids.slice(1, -1)}}`, validity: areKnown ? 'good' : 'bad' },
        success: 204,
        expect(expected) {
          if (!state) expected.refuse(404)
          else if (!state.isActive) expected.refuse(409)
        },
        onSuccess: (answer) => expect(answer.text).toBe(''),
      })
    },
  })
}

export const restEventActions: Action[] = [
  action({
    name: 'POST event/',
    weight: 4,
    input: fc.record({
      commonHeaders,
      slash,
      publication,
      key: idempotencyKey,
      whole: mostly(fc.constant({ text: '{}', validity: 'good' })),
    }),
    plan(world: World, { commonHeaders, slash, publication: { type, data }, key, whole }) {
      const isWhole = whole.validity === 'good'
      const name = key && world.name + key.text
      const content = isWhole && contentOf(type, data)
      const meaning = content ? world.keyMeans(name, content) : 'new'
      return restCall({
        method: 'POST',
        path: `event${slash}`,
        commonHeaders,
        headers: name === undefined ? {} : { 'idempotency-key': name },
        body: isWhole ? { text: `{"type": ${type.text}, "data": ${data.text}}`, validity: 'good' } : whole,
        success: meaning === 'same' ? 200 : 201,
        forPublishers: true,
        expect(expected) {
          for (const part of [type, data, key]) if (isWhole && part) expected.add(part.validity, 400)
          if (meaning === 'other') expected.refuse(409)
        },
        onSuccess(answer) {
          const body = jsonOf(answer) as { event_id: number }
          if (!content) throw new Error('published without content')
          expect(body).toEqual({
            event_id: expect.any(Number),
            type: content.type,
            created: expect.any(Number),
          })
          world.published({ id: String(body.event_id), ...content }, name)
        },
      })
    },
  }),
  resend('event/resend', false),
  resend('event/resend/bulk', true),
  action({
    name: 'POST endpoint/{id}/secret/reveal/',
    weight: 2,
    input: fc.record({
      which: ref,
      commonHeaders,
      slash,
      body: fc.constantFrom<Given | undefined>(
        undefined,
        { text: '', validity: 'good' },
        { text: '{}', validity: 'good' },
        { text: '{"password": "\\u0000\\ud800"}', validity: 'good' },
        { text: '{"password": null}', validity: 'good' },
        { text: '{"password": 7}', validity: 'bad' },
        { text: '{"pass": "x"}', validity: 'bad' },
        { text: '[]', validity: 'bad' },
      ),
    }),
    plan(world: World, { which, commonHeaders, slash, body }) {
      const { id, state } = endpointAt(world, which)
      return restCall({
        method: 'POST',
        path: `endpoint/${encodeURIComponent(id)}/secret/reveal${slash}`,
        commonHeaders,
        body,
        success: 201,
        expect: (expected) => state ?? expected.refuse(404),
        onSuccess(answer) {
          const secret = jsonOf(answer) as { signing_secret: string }
          expect(secret).toEqual({ signing_secret: expect.any(String) })
          expect(answer.headers['cache-control']).toBe('no-store')
          world.revealed(id, secret.signing_secret)
        },
      })
    },
  }),
  action({
    name: 'POST endpoint/{id}/secret/expire/',
    weight: 1,
    input: fc.record({ which: ref, commonHeaders, slash }),
    plan(world: World, { which, commonHeaders, slash }) {
      const { id, state } = endpointAt(world, which)
      const planned = restCall({
        method: 'POST',
        path: `endpoint/${encodeURIComponent(id)}/secret/expire${slash}`,
        commonHeaders,
        success: 200,
        expect: (expected) => state ?? expected.refuse(404),
        onSuccess(answer) {
          expect(endpointOf(answer)).toEqual(state)
          world.secretExpired(id)
        },
      })
      return { ...planned, touched: state?.id }
    },
  }),
]
