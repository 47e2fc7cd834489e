import type { FastifyPluginAsync } from 'fastify'
import { NotReadyError } from '../database/readiness'

export interface HealthOptions {
  /** resolves when the gateway can do its work, rejects when it cannot; the message of a NotReadyError is shown */
  checkReady: () => Promise<void>
}

/** `GET /healthz`: the process runs. `GET /readyz`: it can do its work. */
export const healthPlugin: FastifyPluginAsync<HealthOptions> = async (app, { checkReady }) => {
  app.get('/healthz', async () => ({ status: 'alive' }))

  app.get('/readyz', async (request, reply) => {
    try {
      await checkReady()
      return { status: 'ready' }
    } catch (error) {
      request.log.warn({ err: error }, 'not ready')
      const reason = error instanceof NotReadyError ? error.message : 'The database does not answer.'
      return reply.code(503).send({ status: 'unavailable', reason })
    }
  })
}
