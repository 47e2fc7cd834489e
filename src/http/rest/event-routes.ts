import { GraphQLID, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, GraphQLString } from 'graphql'
import { Failure, type Problem } from '../../failure'
import {
  type AttemptFragment,
  ExpireSecretDocument,
  ListAttemptsDocument,
  PublishEventDocument,
  type PublishWebhookEventInput,
  ResendEventsDocument,
  RevealSecretDocument,
  type WebhookAttemptOrder,
} from '../../generated/graphql/graphql'
import { BASE, sendEndpoint } from './endpoint-routes'
import { attemptJson } from './json'
import { pageJson, readPage } from './page'
import type { Route } from './plugin'

/** The documented orders; the first is the default. */
const ATTEMPT_ORDERS: Record<string, WebhookAttemptOrder> = {
  '-created_at': 'CREATED_AT_DESC',
  created_at: 'CREATED_AT_ASC',
  '-sent_at': 'SENT_AT_DESC',
  sent_at: 'SENT_AT_ASC',
  '-next_retry': 'NEXT_RETRY_DESC',
  next_retry: 'NEXT_RETRY_ASC',
}

/** Bodies that the schema takes as arguments of their own instead of an input. */
const Reveal = new GraphQLInputObjectType({ name: 'Reveal', fields: { password: { type: GraphQLString } } })
const Nothing = new GraphQLInputObjectType({ name: 'Nothing', fields: {} })
const Resend = new GraphQLInputObjectType({
  name: 'Resend',
  fields: { event: { type: new GraphQLNonNull(GraphQLID) } },
})
const ResendBulk = new GraphQLInputObjectType({
  name: 'ResendBulk',
  fields: { event: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))) } },
})

/** Attempts, secrets, resends, and what publishers call. */
export const eventRoutes: Route[] = [
  {
    method: 'GET',
    path: `${BASE}/endpoint/:id/attempt`,
    document: ListAttemptsDocument,
    async answer(call) {
      const request = readPage(call.query, ATTEMPT_ORDERS)
      const { page } = await call.run(ListAttemptsDocument, { endpointId: call.id, ...request })
      const results = page.nodes.map((attempt: AttemptFragment) => attemptJson(attempt))
      return call.reply.send(pageJson(call.url, request, page.totalCount, results))
    },
  },
  {
    method: 'POST',
    path: `${BASE}/endpoint/:id/secret/reveal`,
    document: RevealSecretDocument,
    async answer(call) {
      const { password } = call.optionalBody<{ password?: string | null }>(Reveal)
      const { secret } = await call.run(RevealSecretDocument, { id: call.id, password })
      // A secret is nothing for a cache on the way.
      return call.reply.code(201).header('Cache-Control', 'no-store').send({ signing_secret: secret })
    },
  },
  {
    method: 'POST',
    path: `${BASE}/endpoint/:id/secret/expire`,
    document: ExpireSecretDocument,
    async answer(call) {
      call.optionalBody(Nothing)
      const { endpoint } = await call.run(ExpireSecretDocument, { id: call.id })
      return sendEndpoint(call, endpoint)
    },
  },
  {
    method: 'POST',
    path: `${BASE}/endpoint/:id/event/resend`,
    document: ResendEventsDocument,
    async answer(call) {
      const { event } = call.body<{ event: string | number }>(Resend)
      await call
        .run(ResendEventsDocument, { endpointId: call.id, eventIds: [String(event)] })
        .catch((error) => Promise.reject(ofOneEvent(error)))
      return call.reply.code(204).send()
    },
  },
  {
    method: 'POST',
    path: `${BASE}/endpoint/:id/event/resend/bulk`,
    document: ResendEventsDocument,
    async answer(call) {
      const { event } = call.body<{ event: (string | number)[] }>(ResendBulk)
      await call.run(ResendEventsDocument, { endpointId: call.id, eventIds: event.map(String) })
      return call.reply.code(204).send()
    },
  },
  {
    method: 'POST',
    path: `${BASE}/event`,
    document: PublishEventDocument,
    async answer(call) {
      const fields = call.body<PublishWebhookEventInput>('PublishWebhookEventInput')
      const idempotencyKey = call.headers['idempotency-key']
      const input =
        idempotencyKey === undefined ? fields : { ...fields, idempotencyKey: String(idempotencyKey) }
      const { event } = await call.run(PublishEventDocument, { input })
      const { id, type, created, repeated } = event
      return call.reply.code(repeated ? 200 : 201).send({ event_id: Number(id), type, created })
    },
  },
]

/** The one event of a plain resend stands in no list: its faults are those of the field. */
function ofOneEvent(error: unknown): unknown {
  if (!(error instanceof Failure) || error.kind !== 'validation_failed') return error
  const problems = (error.details.problems as Problem[]).map((problem) => ({
    ...problem,
    path: ['eventIds'],
  }))
  return new Failure(error.kind, error.message, { problems })
}
