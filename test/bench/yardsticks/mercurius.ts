import fastify from 'fastify'
import { GraphQLDateTime } from 'graphql-scalars'
import mercurius, { type MercuriusContext } from 'mercurius'
import { requireAdmin, roleOf } from './admin'
import { type EndpointPatch, EndpointRows } from './endpoint-rows'
import { ENDPOINT_SCHEMA } from './endpoint-schema'
import { serving } from './serving'

declare module 'mercurius' {
  interface MercuriusContext {
    role?: string
  }
}

/**
 * `mercurius-pg`: this mutation alone, written for speed. Mercurius with its just-in-time compiler on Fastify, the
 * prepared UPDATE of `bare`, and a check of the caller's role.
 */
async function main(): Promise<void> {
  const rows = new EndpointRows()
  const app = fastify()
  await app.register(mercurius, {
    schema: ENDPOINT_SCHEMA,
    jit: 1,
    context: async (request) => ({ role: await roleOf(request.headers.authorization) }),
    resolvers: {
      DateTime: GraphQLDateTime,
      Mutation: {
        async updateWebhookEndpoint(
          _root: unknown,
          { id, patch }: { id: string; patch: EndpointPatch },
          { role }: MercuriusContext,
        ) {
          requireAdmin(role)
          return rows.update(id, patch)
        },
      },
    },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  serving(app.server)
}

main()
