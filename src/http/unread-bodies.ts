import type { FastifyInstance } from 'fastify'

/** How long the rest of a body may take once its request is answered. */
const REST_WITHIN_MS = 1_000

/**
 * Ends connections whose request was answered before its body had arrived, such as a 401. Node reads the rest of the body and
 * drops it, so that the connection can serve the next request. A client that sends no rest, or one without end, would hold the
 * connection for as long as a request may take.
 *
 * The connection is not ended at once: with bytes still on their way, the client's system would drop the answer unread.
 */
export function endUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete) return
    setTimeout(() => {
      if (!raw.complete) raw.socket.destroy()
    }, REST_WITHIN_MS)
  })
}
