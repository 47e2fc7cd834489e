import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { CHECK_EVERY_MS, HEADERS_WITHIN_MS, OpenConnections, REQUEST_WITHIN_MS } from './open-connections'

/** Options of Fastify for time limits. A request that is late is answered 408, and its connection ends. */
export const TIME_LIMITS = {
  requestTimeout: REQUEST_WITHIN_MS,
  http: { headersTimeout: HEADERS_WITHIN_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
}

/** Limits the number of connections, and ends those that wait for their client for too long. */
export function limitConnections(app: FastifyInstance, log: Pick<Logger, 'warn'>): void {
  const connections = new OpenConnections(log)
  connections.watch(app.server)
  // With the host `localhost` Fastify listens with a second server, for ::1, which it does not show before a request arrives.
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { server } = raw.socket as unknown as { server?: FastifyInstance['server'] }
    if (server) connections.watch(server)
    done()
  })
}
