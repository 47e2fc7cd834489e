import type { FastifyInstance } from 'fastify'

/** How long the rest of a body may take once its request is answered. */
const REST_WITHIN_MS = 5_000

/**
 * Lets clients read the answer to a request whose body has not arrived yet, such as a 401 or a 413, and ends connections whose
 * rest of a body does not come.
 *
 * Fastify would have the connection closed at once: bytes that are still on their way then reset it, and a client or a proxy that
 * is still sending loses the answer (nginx answers 502 in its place). Node reads the rest of the body and drops it. A client that
 * sends no rest, or one without end, would hold the connection for as long as a request may take.
 */
export function endUnreadBodies(app: FastifyInstance): void {
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (!raw.complete) reply.removeHeader('connection')
    done()
  })
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete) setTimeout(() => raw.complete || raw.socket.destroy(), REST_WITHIN_MS)
    done()
  })
}
