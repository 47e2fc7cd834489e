import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import fastifyApollo from '@as-integrations/fastify'
import fastifyAccepts from '@fastify/accepts'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import type { Core } from '../core'
import { Failure } from '../failure'
import { type Context, createContext } from '../schema/context'
import { formatError } from '../schema/errors'
import { withShortMessages } from '../schema/short-errors'
import { shortMessage } from '../short-text'
import { denyUnknownCallers, sendDenial } from './denied-callers'
import { costLimit, limitRules } from './graphql-limits'

const MAX_TOKENS = 1000
/** How many problems of one document, or of its variables, a response reports. */
const MAX_PROBLEMS = 50

const MEDIA_TYPES = ['application/json', 'application/graphql-response+json']
/** @fastify/accepts takes `Accept` with this charset, and without one. */
const ACCEPTED = MEDIA_TYPES.map((type) => `${type}; charset=utf-8`)
/** The header that most clients send. In a CPU profile of updates, negotiation took 1.4 % of the busy time. */
const USUAL_ACCEPT = new Set([undefined, '*/*', ...MEDIA_TYPES])

export interface GraphqlOptions {
  /** the guarded schema */
  schema: GraphQLSchema
  core: Core
  production: boolean
  log: Logger
}

/** GraphQL over HTTP by Apollo Server: `POST /graphql`, and `GET` for queries. */
export const graphqlPlugin: FastifyPluginAsync<GraphqlOptions> = async (app, options) => {
  const apollo = apolloServer(options)
  await apollo.start()
  app.addHook('onClose', () => apollo.stop())

  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    if (error instanceof Failure) return sendDenial(reply, error)
    const { statusCode = 500, message } = error
    if (statusCode < 500)
      return sendError(reply, statusCode, { message: shortMessage(message), code: 'BAD_REQUEST' })
    options.log.error({ err: error, errorId: reply.request.id }, 'internal error')
    const code = 'INTERNAL_SERVER_ERROR'
    return sendError(reply, 500, { message: 'Internal server error', code, errorId: reply.request.id })
  })

  denyUnknownCallers(app, options)
  await app.register(fastifyAccepts)
  app.addHook('onRequest', async (request) => {
    // Apollo checks Accept after it runs a mutation. The 406 would then say that nothing has changed.
    const isAccepted = USUAL_ACCEPT.has(request.headers.accept) || request.types(ACCEPTED)
    if (!isAccepted) throw errorOf(406, `Responses are ${MEDIA_TYPES.join(' or ')}.`)
    // The integration makes a URL of the Host header and fails if that is not possible.
    if (!URL.canParse(`http://${request.hostname}/`)) throw errorOf(400, 'The Host header names no host.')
  })

  await app.register(fastifyApollo(apollo), {
    path: '/graphql',
    method: ['GET', 'POST'],
    context: async ({ caller }) => createContext(options.core, caller),
  })
  app.route({
    method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/graphql',
    onRequest: async (_request, reply) => {
      reply.header('Allow', 'GET, HEAD, POST')
      return sendError(reply, 405, { message: 'Send GraphQL requests by POST.', code: 'BAD_REQUEST' })
    },
    handler: async () => undefined,
  })
}

function apolloServer({ schema, production, log }: GraphqlOptions): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    introspection: !production,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: production,
    formatError: withShortMessages(formatError(log)),
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: limitRules,
    validationOptions: { maxErrors: MAX_PROBLEMS },
    executionOptions: { maxCoercionErrors: MAX_PROBLEMS },
    // The gateway handles signals itself and stops its parts in order.
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      costLimit(schema),
    ],
    logger: log,
  })
}

const errorOf = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode })

function sendError(
  reply: FastifyReply,
  status: number,
  { message, ...extensions }: { message: string; code: string; errorId?: string },
): FastifyReply {
  return reply.code(status).send({ errors: [{ message, extensions }] })
}
