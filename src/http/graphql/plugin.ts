import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import fastifyApollo from '@as-integrations/fastify'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import type { Core } from '../../core'
import { PUBLISHING_BODY_MAX_BYTES } from '../../data-limits'
import { Failure } from '../../failure'
import { printJson } from '../../json-text'
import { type Context, createContext } from '../../schema/context'
import { formatError } from '../../schema/errors'
import { knownOperationTypes } from '../../schema/operation-types'
import { withShortMessages } from '../../schema/short-errors'
import { shortMessage } from '../../short-text'
import { denyUnknownCallers, MEDIA_TYPES, sendDenial } from './denied-callers'
import { denialOfDocument, introspectionForAdmins } from './introspection'
import { costLimit, limitRules } from './limits'

const MAX_TOKENS = 1000
/** How many problems of one document, or of its variables, a response reports. */
const MAX_PROBLEMS = 50

/**
 * Headers that prove that no page of another site sends the request: a page may not send them without a preflight. The bearer
 * token is one of them, so that clients who query by GET need no further header. The others are Apollo's own.
 */
const NOT_FORGED = ['authorization', 'x-apollo-operation-name', 'apollo-require-preflight']

/** Parameters of a GET without a value. Templates and forms send them. */
const EMPTY_PARAMETERS = /(?<=[?&])(operationName|variables|extensions)=(?:&|$)/g

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
  let knownHostname: string | undefined
  app.addHook('onRequest', (request, _reply, done) => {
    // Apollo checks Accept after it runs a mutation. The 406 would then say that nothing has changed.
    const type = request.acceptedType(MEDIA_TYPES)
    if (type === undefined) return done(errorOf(406, `Responses are ${MEDIA_TYPES.join(' or ')}.`))
    request.headers.accept = type
    if (request.method === 'GET') request.raw.url = request.url.replace(EMPTY_PARAMETERS, '')
    // The integration makes a URL of the Host header and fails if that is not possible.
    const { hostname } = request
    if (hostname !== knownHostname && !URL.canParse(`http://${hostname}/`)) {
      return done(errorOf(400, 'The Host header names no host.'))
    }
    knownHostname = hostname
    done()
  })

  // Any document may publish an event.
  app.addHook('onRoute', (route) => {
    route.bodyLimit = PUBLISHING_BODY_MAX_BYTES
  })
  app.addHook('preHandler', (request, _reply, done) => {
    const body = request.body as { operationName?: unknown } | null | undefined
    // Clients send an empty name for a document with one operation.
    if (body?.operationName === '') delete body.operationName
    done(denialOfDocument(request, MAX_TOKENS))
  })

  await app.register(fastifyApollo(apollo), {
    path: '/graphql',
    method: ['GET', 'POST'],
    context: async ({ caller, bodyText }) => createContext(options.core, caller, bodyText),
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
    // introspectionForAdmins decides in production.
    introspection: true,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: production,
    formatError: withShortMessages(formatError(log)),
    stringifyResult: (result) => `${printJson(result)}\n`,
    csrfPrevention: { requestHeaders: NOT_FORGED },
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: [knownOperationTypes, ...limitRules],
    validationOptions: { maxErrors: MAX_PROBLEMS },
    executionOptions: { maxCoercionErrors: MAX_PROBLEMS },
    // The gateway handles signals itself and stops its parts in order.
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ...(production ? [introspectionForAdmins] : []),
      costLimit(schema),
    ],
    logger: log,
  })
}

const errorOf = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode })

/** Sends an error of the request as a whole, under the media type that the caller accepts. */
function sendError(
  reply: FastifyReply,
  status: number,
  { message, ...extensions }: { message: string; code: string; errorId?: string },
): FastifyReply {
  const type = reply.request.acceptedType(MEDIA_TYPES) ?? MEDIA_TYPES[0]
  return reply
    .code(status)
    .type(`${type}; charset=utf-8`)
    .send({ errors: [{ message, extensions }] })
}
