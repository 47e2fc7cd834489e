import type { FastifyPluginAsync } from 'fastify'
import { GraphQLID, GraphQLInputObjectType, GraphQLList, GraphQLNonNull } from 'graphql'
import { Failure, type Problem } from '../../failure'
import {
  ListAttemptsDocument,
  ResendEventsDocument,
  type WebhookAttemptOrder,
} from '../../generated/graphql/graphql'
import { present } from '../../schema/execute'
import { bodyReader } from './body'
import { attemptJson } from './json'
import { pageJson, type QueryString, readPage, urlOf } from './page'
import { requires } from './requires'
import type { RestOptions } from './rest-options'

/** The documented orders; the first is the default. */
const ORDERS: Record<string, WebhookAttemptOrder> = {
  '-created_at': 'CREATED_AT_DESC',
  created_at: 'CREATED_AT_ASC',
  '-sent_at': 'SENT_AT_DESC',
  sent_at: 'SENT_AT_ASC',
  '-next_retry': 'NEXT_RETRY_DESC',
  next_retry: 'NEXT_RETRY_ASC',
}

// The schema takes the ids of events as an argument, so it has no input for these bodies.
const ResendBody = new GraphQLInputObjectType({
  name: 'ResendBody',
  fields: { event: { type: new GraphQLNonNull(GraphQLID) } },
})
const ResendBulkBody = new GraphQLInputObjectType({
  name: 'ResendBulkBody',
  fields: { event: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))) } },
})
const readResend = bodyReader<{ event: string }>({ type: ResendBody })
const readResendBulk = bodyReader<{ event: string[] }>({ type: ResendBulkBody })

interface OfEndpoint {
  Params: { id: string }
}

/** The attempts of an endpoint, and resends of its events. */
export const attemptRoutes: FastifyPluginAsync<RestOptions> = async (app, { executor, publicUrl }) => {
  app.get<OfEndpoint & { Querystring: QueryString }>(
    '/endpoint/:id/attempt',
    { onRequest: requires(ListAttemptsDocument) },
    async (request) => {
      const endpointId = request.params.id
      const range = readPage(request.query, ORDERS)
      const { page } = await executor.run(ListAttemptsDocument, { endpointId, ...range }, request)
      const { totalCount, nodes } = present(page)
      return pageJson(urlOf(request, publicUrl), range, totalCount, nodes.map(attemptJson))
    },
  )

  app.post<OfEndpoint>(
    '/endpoint/:id/event/resend',
    { onRequest: requires(ResendEventsDocument) },
    async (request, reply) => {
      const endpointId = request.params.id
      const eventIds = [readResend(request.body).event]
      await executor.run(ResendEventsDocument, { endpointId, eventIds }, request).catch(throwForOneEvent)
      return reply.code(204).send()
    },
  )

  app.post<OfEndpoint>(
    '/endpoint/:id/event/resend/bulk',
    { onRequest: requires(ResendEventsDocument) },
    async (request, reply) => {
      const endpointId = request.params.id
      const eventIds = readResendBulk(request.body).event
      await executor.run(ResendEventsDocument, { endpointId, eventIds }, request)
      return reply.code(204).send()
    },
  )
}

/** Reports problems of the only event at its field. The schema reports them at the first entry of a list. */
function throwForOneEvent(error: unknown): never {
  if (!(error instanceof Failure) || error.kind !== 'validation_failed') throw error
  const problems = (error.details.problems as Problem[]).map((problem) => ({
    ...problem,
    path: ['eventIds'],
  }))
  throw new Failure(error.kind, error.message, { problems })
}
