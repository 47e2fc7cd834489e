import type { FastifyInstance } from 'fastify'
import type { Caller, IdentifyCaller } from '../auth/bearer-token'

declare module 'fastify' {
  interface FastifyRequest {
    /** set before the hooks of routes run */
    caller: Caller
  }
}

/** Identifies the caller of every request of this instance and of its plugins. */
export function addCallers(app: FastifyInstance, identifyCaller: IdentifyCaller): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request) => {
    request.caller = await identifyCaller(request.headers.authorization)
  })
}
