import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify'
import type { IdentifyCaller } from '../auth/bearer-token'
import type { SchemaExecutor } from '../schema/execute'
import { addCallers } from './caller'
import { graphiqlPlugin } from './graphiql-plugin'
import { type GraphqlOptions, graphqlPlugin } from './graphql-plugin'
import { healthPlugin } from './health-plugin'
import { parseJsonBodies } from './json-bodies'
import { limitConnections, TIME_LIMITS } from './limits'
import { notFoundBody, restPlugin } from './rest/plugin'
import { endUnreadBodies } from './unread-bodies'

/** The largest body of a request, in bytes. */
const BODY_LIMIT = 256 * 1024
/** Longer than any path that Node takes: an id of any length gets the same 404 as any other unknown id. */
const PARAM_MAX_LENGTH = 16 * 1024

export interface ServerOptions extends GraphqlOptions {
  executor: SchemaExecutor
  identifyCaller: IdentifyCaller
  /** resolves when the gateway can do its work, rejects when it cannot */
  checkReady: () => Promise<void>
  /** makes the token that GraphiQL fills in; undefined = GraphiQL fills in no token */
  developmentToken?: () => Promise<string>
  /** false = only health: the process only delivers */
  servesApi: boolean
}

/** Builds the HTTP server with all its plugins. It does not listen yet. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.log as never,
    genReqId: () => randomUUID(),
    // logRequests writes one line for each request instead of two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    ...TIME_LIMITS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAM_MAX_LENGTH },
    frameworkErrors: (_error, _request, reply) => (reply as FastifyReply).code(404).send(notFoundBody),
  }) as unknown as FastifyInstance
  logRequests(app)
  limitConnections(app, options.log)
  endUnreadBodies(app)
  answerUnknownAddresses(app)
  parseJsonBodies(app)
  await app.register(healthPlugin, { checkReady: options.checkReady })
  if (options.servesApi) await registerApi(app, options)
  return app
}

async function registerApi(app: FastifyInstance, options: ServerOptions): Promise<void> {
  app.get('/', (_request, reply) => reply.redirect('/graphiql'))
  await app.register(graphiqlPlugin, { developmentToken: options.developmentToken })
  await app.register(async (api) => {
    addCallers(api, options.identifyCaller)
    await api.register(graphqlPlugin, options)
    await api.register(restPlugin, { executor: options.executor })
  })
}

/** Answers 404 before a body is read. Fastify's own answer would repeat the address. */
function answerUnknownAddresses(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return reply.code(404).send(notFoundBody)
  })
}

/** Gives every response the id of its request and logs one line for each request. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    // Only the path: callers put secrets into query strings by mistake.
    const path = request.url.split('?', 1)[0]
    const { method } = request
    const durationMs = Math.round(reply.elapsedTime)
    request.log.info({ method, path, status: reply.statusCode, durationMs }, 'request')
  })
}
