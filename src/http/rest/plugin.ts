import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { attemptRoutes } from './attempt-routes'
import { endpointRoutes } from './endpoint-routes'
import { errorBody, RestError, sendError } from './errors'
import { eventRoutes } from './event-routes'
import type { RestOptions } from './rest-options'
import { secretRoutes } from './secret-routes'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const NOT_FOUND = [{ code: 'not_found', message: 'There is nothing at this address.' }]

/** The body for an address that Fastify cannot decode. */
export const notFoundBody = errorBody(NOT_FOUND)

/**
 * The REST API. A new route goes into the file of its concept, a new file of routes into the list below. Everything
 * else below /api answers 404, and the other methods of a route answer 405.
 */
export const restPlugin: FastifyPluginAsync<RestOptions> = async (app, options) => {
  app.setErrorHandler((error, _request, reply) => sendError(reply, error))
  // Before the body is read: no caller is known to be allowed to send one.
  const notFound = async () => {
    throw new RestError(404, NOT_FOUND)
  }
  app.all('/api/*', { onRequest: notFound }, notFound)
  const methodsByUrl = collectMethods(app)
  for (const routes of [endpointRoutes, attemptRoutes, secretRoutes, eventRoutes]) {
    await app.register(routes, { ...options, prefix: '/api/v2/webhook' })
  }
  for (const [url, methods] of [...methodsByUrl]) denyOtherMethods(app, url, methods)
}

/** The methods of every URL that is registered from now on. */
function collectMethods(app: FastifyInstance): Map<string, Set<string>> {
  const byUrl = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = byUrl.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    byUrl.set(url, methods)
  })
  return byUrl
}

function denyOtherMethods(app: FastifyInstance, url: string, methods: Set<string>): void {
  const Allow = METHODS.filter((method) => methods.has(method)).join(', ')
  app.route({
    method: METHODS.filter((method) => !methods.has(method)),
    url,
    onRequest: async () => {
      const message = `The methods of this address are ${Allow}.`
      throw new RestError(405, [{ code: 'method_not_allowed', message }], { Allow })
    },
    handler: async () => undefined,
  })
}
