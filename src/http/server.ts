import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Caller, IdentifyCaller } from '../auth/bearer-token'
import type { SchemaExecutor } from '../schema/execute'
import { graphiqlPage } from './graphiql-plugin'
import { type GraphqlOptions, graphqlPlugin } from './graphql-plugin'
import { notFoundBody, restPlugin } from './rest/plugin'
import { routes } from './rest/routes'

declare module 'fastify' {
  interface FastifyRequest {
    /** who is asking; set before anything else of an API request is looked at */
    caller: Caller
  }
}

/** The largest body of a request, in bytes. */
const BODY_LIMIT = 256 * 1024

export interface ServerOptions extends GraphqlOptions {
  executor: SchemaExecutor
  identifyCaller: IdentifyCaller
  /** resolves when the gateway can do its work, rejects when it cannot */
  checkReady: () => Promise<void>
  /** makes the token that GraphiQL fills in; undefined = it does not */
  developmentToken?: () => Promise<string>
  /** false = health alone: a process that only delivers */
  servesApi: boolean
  log: Logger
}

/** The HTTP server with all its doors, not yet listening. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { log, checkReady } = options
  const app = fastify({
    loggerInstance: log as never,
    genReqId: () => randomUUID(),
    // One line a request, written below, instead of two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    // An id of any length is judged like any other, by the gateway and after the caller.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16 * 1024 },
    frameworkErrors: (_error, _request, reply) => (reply as FastifyReply).code(404).send(notFoundBody),
  }) as unknown as FastifyInstance

  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    // The path alone: a query string may hold what somebody took for a secret.
    const path = request.url.split('?', 1)[0]
    const { method } = request
    const durationMs = Math.round(reply.elapsedTime)
    request.log.info({ method, path, status: reply.statusCode, durationMs }, 'request')
  })
  takeJson(app)

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
  if (options.servesApi) await openDoors(app, options)
  return app
}

async function openDoors(app: FastifyInstance, options: ServerOptions): Promise<void> {
  app.get('/', (_request, reply) => reply.redirect('/graphiql'))
  await app.register(graphiqlPage, { developmentToken: options.developmentToken })
  await app.register(async (doors) => {
    doors.decorateRequest('caller')
    doors.addHook('onRequest', async (request) => {
      request.caller = await options.identifyCaller(request.headers.authorization)
    })
    await doors.register(graphqlPlugin(options))
    await doors.register(restPlugin(options.executor, routes))
  })
}

/** Both doors read the same JSON: UTF-8 or nothing, and no key of it is special. An empty body is no body. */
function takeJson(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    done(Object.assign(new Error('Bodies must be application/json.'), { statusCode: 415 }))
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, ({ headers }, body, done) => {
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      return done(Object.assign(new Error('Bodies must not be compressed.'), { statusCode: 415 }))
    }
    if (body.length === 0) return done(null, undefined)
    try {
      done(null, JSON.parse(utf8.decode(body as Buffer)))
    } catch {
      done(Object.assign(new Error('The body is not JSON.'), { statusCode: 400 }))
    }
  })
}
