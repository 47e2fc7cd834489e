import type { FastifyInstance } from 'fastify'

/**
 * Keeps a connection whose request is answered before its body has arrived, such as a body that is too large. Fastify would
 * have it closed at once: bytes that are still on their way then reset the connection, and a client or a proxy that is still
 * sending loses the response (nginx answers 502 in its place). Node reads the rest of the body and drops it.
 */
export function keepConnectionsOfRefusedBodies(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (!raw.complete) reply.removeHeader('connection')
  })
}
