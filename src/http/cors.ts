import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const EXPOSED = ['ETag', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id']

const OPTIONS: FastifyCorsOptions = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: EXPOSED,
  // Seconds. An origin that is removed from the list is denied after this time at the latest.
  maxAge: 600,
}

/**
 * Lets pages of these origins call the routes of this instance with a bearer token, never with cookies. Call this before adding
 * any hook that denies requests: a preflight has no token, and a page can read an error only if it has these headers too.
 *
 * Requests of other origins and without an origin get no such header. Every response varies by origin, so that no cache gives a
 * page the response of another.
 */
export async function allowOrigins(app: FastifyInstance, origins: string[]): Promise<void> {
  if (origins.length === 0) return
  const allowed = new Set(origins)
  await app.register(fastifyCors, {
    delegator: ({ headers }, callback) =>
      callback(null, {
        ...OPTIONS,
        origin: headers.origin !== undefined && allowed.has(headers.origin),
        // An OPTIONS request without this header is no preflight. It gets its 405.
        preflight: headers['access-control-request-method'] !== undefined,
      }),
  })
}

/** The headers that let a page read an answer which no hook has seen. */
export function originHeaders(origin: string | undefined, origins: string[]): Record<string, string> {
  if (origins.length === 0) return {}
  if (origin === undefined || !origins.includes(origin)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': EXPOSED.join(', '),
  }
}
