import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify'
import type { IdentifyCaller } from '../auth/bearer-token'
import type { DevelopmentSignIn } from '../auth/development-sign-in'
import type { SchemaExecutor } from '../schema/execute'
import { addNegotiation } from './accept'
import { addCallers } from './caller'
import { limitConnections, TIME_LIMITS } from './connections/limit-connections'
import { endUnreadBodies } from './connections/unread-bodies'
import { allowOrigins, originHeaders } from './cors'
import { graphiqlPlugin } from './graphiql-plugin'
import { type GraphqlOptions, graphqlPlugin } from './graphql/plugin'
import { healthPlugin } from './health-plugin'
import { parseJsonBodies } from './json-bodies'
import { publicPathRemover } from './public-url'
import { notFoundBody, restPlugin } from './rest/plugin'
import { sessionPlugin } from './session-plugin'

/** The largest body of a request, in bytes. */
const BODY_LIMIT = 256 * 1024
/** Longer than any path that Node takes: an id of any length gets the same 404 as any other unknown id. */
const PARAM_MAX_LENGTH = 16 * 1024

export interface ServerOptions extends GraphqlOptions {
  executor: SchemaExecutor
  identifyCaller: IdentifyCaller
  /** resolves when the gateway can do its work, rejects when it cannot */
  checkReady: () => Promise<void>
  /** undefined = the pages get no token from the gateway */
  signIn?: DevelopmentSignIn
  /** where clients find the gateway, path included and without a slash at its end; undefined = as each request names it */
  publicUrl: string | undefined
  /** origins whose pages may call the APIs */
  corsOrigins: string[]
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
    // No route has a schema. Fastify's own compilers take 10 ms of every start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    rewriteUrl: options.publicUrl === undefined ? undefined : publicPathRemover(options.publicUrl),
    ...TIME_LIMITS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAM_MAX_LENGTH },
    // An address that cannot be decoded: no hook runs.
    frameworkErrors: (_error, request, reply) =>
      (reply as FastifyReply)
        .code(404)
        .headers({
          'X-Request-Id': request.id,
          ...originHeaders(request.headers.origin, options.corsOrigins),
        })
        .send(notFoundBody),
  }) as unknown as FastifyInstance
  logRequests(app)
  limitConnections(app, options.log)
  endUnreadBodies(app)
  answerUnknownAddresses(app)
  // Fastify's own answer would repeat the address.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(notFoundBody))
  parseJsonBodies(app)
  await app.register(healthPlugin, { checkReady: options.checkReady })
  if (options.servesApi) await registerApi(app, options)
  return app
}

async function registerApi(app: FastifyInstance, options: ServerOptions): Promise<void> {
  const { executor, publicUrl } = options
  app.get('/', (_request, reply) => reply.redirect(`${publicUrl ?? ''}/graphiql/`))
  await app.register(graphiqlPlugin, {})
  if (options.signIn) await app.register(sessionPlugin, { signIn: options.signIn })
  await app.register(async (api) => {
    await allowOrigins(api, options.corsOrigins)
    addNegotiation(api)
    addCallers(api, options.identifyCaller)
    await api.register(graphqlPlugin, options)
    await api.register(restPlugin, { executor, publicUrl })
  })
}

function noSchemas(): never {
  throw new Error('Routes have no JSON schemas: the GraphQL schema validates input')
}

/** Answers 404 before a body is read. Fastify's own answer would repeat the address. */
function answerUnknownAddresses(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) reply.code(404).send(notFoundBody)
    else done()
  })
}

/** Gives every response the id of its request and logs one line for each request. */
function logRequests(app: FastifyInstance): void {
  // Hooks here take a callback: an async hook adds promises to a request, and each request passes a dozen hooks.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    // Only the path: callers put secrets into query strings by mistake.
    const path = request.url.split('?', 1)[0]
    const { method } = request
    const durationMs = Math.round(reply.elapsedTime)
    request.log.info({ method, path, status: reply.statusCode, durationMs }, 'request')
    done()
  })
}
