import type { FastifyPluginAsync } from 'fastify'
import { PublishEventDocument, type PublishWebhookEventInput } from '../../generated/graphql/graphql'
import type { SchemaExecutor } from '../../schema/execute'
import { bodyReader } from './body'
import { requires } from './requires'

/** The events that publishers send. */
export const eventRoutes: FastifyPluginAsync<{ executor: SchemaExecutor }> = async (app, { executor }) => {
  const readInput = bodyReader<PublishWebhookEventInput>(executor.input('PublishWebhookEventInput'))

  app.post('/event', { onRequest: requires(PublishEventDocument) }, async (request, reply) => {
    const input = readInput(request.body)
    const idempotencyKey = request.headers['idempotency-key']
    if (idempotencyKey !== undefined) input.idempotencyKey = String(idempotencyKey)
    const { event } = await executor.run(PublishEventDocument, { input }, request)
    reply.code(event.repeated ? 200 : 201)
    return { event_id: Number(event.id), type: event.type, created: event.created }
  })
}
