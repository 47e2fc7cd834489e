import type { FastifyPluginAsync } from 'fastify'

export interface HealthOptions {
  /** resolves when the gateway can do its work, rejects when it cannot */
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
      return reply.code(503).send({ status: 'unavailable', reason: 'The database does not answer.' })
    }
  })
}
