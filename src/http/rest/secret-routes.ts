import type { FastifyPluginAsync } from 'fastify'
import { GraphQLInputObjectType, GraphQLString } from 'graphql'
import { ExpireSecretDocument, RevealSecretDocument } from '../../generated/graphql/graphql'
import { present } from '../../schema/execute'
import { bodyReader } from './body'
import { endpointJson } from './json'
import { etagOf } from './preconditions'
import { requires } from './requires'
import type { RestOptions } from './rest-options'

// The schema takes these values as arguments, so it has no inputs for these bodies.
const RevealBody = new GraphQLInputObjectType({
  name: 'RevealBody',
  fields: { password: { type: GraphQLString } },
})
const EmptyBody = new GraphQLInputObjectType({ name: 'EmptyBody', fields: {} })
const readReveal = bodyReader<{ password?: string | null }>({ type: RevealBody })
const readEmpty = bodyReader({ type: EmptyBody })

interface OfEndpoint {
  Params: { id: string }
}

/** The signing secrets of an endpoint. */
export const secretRoutes: FastifyPluginAsync<RestOptions> = async (app, { executor }) => {
  app.post<OfEndpoint>(
    '/endpoint/:id/secret/reveal',
    { onRequest: requires(RevealSecretDocument) },
    async (request, reply) => {
      const { id } = request.params
      const { password } = readReveal(request.body ?? {})
      const { secret } = await executor.run(RevealSecretDocument, { id, password }, request)
      // Caches between gateway and caller must not keep the secret.
      reply.code(201).header('Cache-Control', 'no-store')
      return { signing_secret: present(secret).signingSecret }
    },
  )

  app.post<OfEndpoint>(
    '/endpoint/:id/secret/expire',
    { onRequest: requires(ExpireSecretDocument) },
    async (request, reply) => {
      const { id } = request.params
      readEmpty(request.body ?? {})
      const { changed } = await executor.run(ExpireSecretDocument, { id }, request)
      const endpoint = present(changed)
      reply.header('ETag', etagOf(endpoint.version))
      return endpointJson(endpoint)
    },
  )
}
