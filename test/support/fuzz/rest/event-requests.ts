import fc from 'fast-check'
import { jsonOf } from '../../wire'
import { chosenEndpoint, chosenEvent, type IdChoice, idChoice } from '../inputs/id-choice'
import { idempotencyKey, publication, publishedContent } from '../inputs/publication'
import { invalidText, type RequestPart, sometimesNoObject, validText } from '../inputs/request-part'
import { requestStyle } from '../inputs/request-style'
import type { ExpectedState } from '../model/expected-state'
import { type RequestKind, requestKind } from '../model/request-kind'
import { endpointOf } from './answer-checks'
import { endpointPath, restCall, slash } from './rest-call'

const eventChoices: fc.Arbitrary<IdChoice[]> = fc.oneof(
  { weight: 10, arbitrary: fc.array(idChoice, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant<IdChoice[]>([]) },
)

const jsonList = (ids: string[]) => `[${ids.map((id) => JSON.stringify(id)).join(', ')}]`

function resend(route: string, isBulk: boolean): RequestKind {
  return requestKind({
    name: `POST endpoint/{id}/${route}/`,
    weight: 2,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      slash,
      eventChoices: isBulk ? eventChoices : fc.array(idChoice, { minLength: 1, maxLength: 1 }),
    }),
    plan(state: ExpectedState, { choice, style, slash, eventChoices }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const events = eventChoices.map((event) => chosenEvent(state, event))
      const areStored = events.length > 0 && events.every(({ isStored }) => isStored)
      const ids = jsonList(events.map((event) => event.id))
      const body = `{"event": ${isBulk ? ids : ids.slice(1, -1)}}`
      return restCall({
        method: 'POST',
        path: endpointPath(id, `/${route}${slash}`),
        style,
        body: areStored ? validText(body) : invalidText(body),
        success: 204,
        addFailures(expected) {
          if (!endpoint) expected.mustFail(404)
        },
        onSuccess: (answer) => expect(answer.text).toBe(''),
      })
    },
  })
}

export const restEventRequests: RequestKind[] = [
  requestKind({
    name: 'POST event/',
    weight: 4,
    input: fc.record({
      style: requestStyle,
      slash,
      publication,
      key: idempotencyKey,
      // An invalid text is sent in place of the publication.
      body: sometimesNoObject(fc.constant(validText('{}'))),
    }),
    plan(state: ExpectedState, { style, slash, publication: { type, data }, key: suffix, body }) {
      const isPublication = body.validity === 'valid'
      const key = suffix && state.keyPrefix + suffix.text
      const content = isPublication && publishedContent(type, data)
      const outcome = content ? state.publishOutcome(key, content) : 'new'
      return restCall({
        method: 'POST',
        path: `event${slash}`,
        style,
        headers: key === undefined ? {} : { 'idempotency-key': key },
        body: isPublication ? validText(`{"type": ${type.text}, "data": ${data.text}}`) : body,
        success: outcome === 'repeated' ? 200 : 201,
        isForPublishers: true,
        addFailures(expected) {
          for (const part of [type, data, suffix])
            if (isPublication && part) expected.addPart(part.validity, 400)
          if (outcome === 'conflict') expected.mustFail(409)
        },
        onSuccess(answer) {
          const event = jsonOf(answer) as { event_id: number }
          if (!content) throw new Error('published without content')
          expect(event).toEqual({
            event_id: expect.any(Number),
            type: content.type,
            created: expect.any(Number),
          })
          state.eventPublished({ id: String(event.event_id), ...content }, key)
        },
      })
    },
  }),
  resend('event/resend', false),
  resend('event/resend/bulk', true),
  requestKind({
    name: 'POST endpoint/{id}/secret/reveal/',
    weight: 2,
    input: fc.record({
      choice: idChoice,
      style: requestStyle,
      slash,
      body: fc.constantFrom<RequestPart | undefined>(
        undefined,
        validText(''),
        validText('{}'),
        validText('{"password": "\\u0000\\ud800"}'),
        validText('{"password": null}'),
        invalidText('{"password": 7}'),
        invalidText('{"pass": "x"}'),
        invalidText('[]'),
      ),
    }),
    plan(state: ExpectedState, { choice, style, slash, body }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      return restCall({
        method: 'POST',
        path: endpointPath(id, `/secret/reveal${slash}`),
        style,
        body,
        success: 201,
        addFailures(expected) {
          if (!endpoint) expected.mustFail(404)
        },
        onSuccess(answer) {
          const secret = jsonOf(answer) as { signing_secret: string }
          expect(secret).toEqual({ signing_secret: expect.any(String) })
          expect(answer.headers['cache-control']).toBe('no-store')
          state.secretRevealed(id, secret.signing_secret)
        },
      })
    },
  }),
  requestKind({
    name: 'POST endpoint/{id}/secret/expire/',
    weight: 1,
    input: fc.record({ choice: idChoice, style: requestStyle, slash }),
    plan(state: ExpectedState, { choice, style, slash }) {
      const { id, endpoint } = chosenEndpoint(state, choice)
      const planned = restCall({
        method: 'POST',
        path: endpointPath(id, `/secret/expire${slash}`),
        style,
        success: 200,
        addFailures(expected) {
          if (!endpoint) expected.mustFail(404)
        },
        onSuccess(answer) {
          expect(endpointOf(answer)).toEqual(endpoint)
          state.secretExpired(id)
        },
      })
      return { ...planned, readAfterwards: endpoint?.id }
    },
  }),
]
