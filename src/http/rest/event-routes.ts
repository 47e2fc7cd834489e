import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { PUBLISHING_BODY_MAX_BYTES } from '../../data-limits'
import { PublishEventDocument, type PublishWebhookEventInput } from '../../generated/graphql/graphql'
import { sliceAt } from '../../json-slice'
import { JsonText } from '../../json-text'
import { present, type SchemaExecutor } from '../../schema/execute'
import { bodyReader, type HeaderFields } from './body'
import { requires } from './requires'

/** The events that publishers send. */
export const eventRoutes: FastifyPluginAsync<{ executor: SchemaExecutor }> = async (app, { executor }) => {
  const readInput = bodyReader<PublishWebhookEventInput>(executor.input('PublishWebhookEventInput'))

  app.post(
    '/event',
    { onRequest: requires(PublishEventDocument), bodyLimit: PUBLISHING_BODY_MAX_BYTES },
    async (request, reply) => {
      const input = readInput(withDataAsText(request), idempotencyKey(request))
      const { published } = await executor.run(PublishEventDocument, { input }, request)
      const { event: stored, deduplicated } = present(published)
      const event = present(stored)
      reply.code(deduplicated ? 200 : 201)
      return {
        event_id: Number(event.id),
        type: event.type,
        created: Number(sliceAt(event.body, ['created'])),
      }
    },
  )
}

/** The body, with its `data` as it was written. */
function withDataAsText({ body, bodyText }: FastifyRequest): unknown {
  if (typeof body !== 'object' || body === null || bodyText === undefined) return body
  const data = (body as Record<string, unknown>).data == null ? undefined : sliceAt(bodyText, ['data'])
  return data === undefined ? body : { ...body, data: new JsonText(data) }
}

function idempotencyKey({ raw }: FastifyRequest): HeaderFields | undefined {
  if (raw.headers['idempotency-key'] === undefined) return undefined
  const [key = '', ...more] = raw.headersDistinct['idempotency-key'] ?? []
  if (more.length === 0) return { fields: { idempotencyKey: decoded(key) }, problems: [] }
  const message = 'The header Idempotency-Key must be sent once.'
  return { fields: {}, problems: [{ field: 'idempotency_key', code: 'wrong_type', message }] }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Node reads headers as Latin-1. Clients that send other characters send UTF-8, and the same key by GraphQL is the same key. */
function decoded(header: string): string {
  try {
    return utf8.decode(Buffer.from(header, 'latin1'))
  } catch {
    return header
  }
}
