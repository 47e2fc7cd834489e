import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import fastifyApollo from '@as-integrations/fastify'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { GraphQLError, GraphQLSchema, ValidationContext, ValidationRule } from 'graphql'
import type { Logger } from 'pino'
import type { Core } from '../core'
import { PUBLISHING_BODY_MAX_BYTES } from '../data-limits'
import { Failure } from '../failure'
import { printJson } from '../json-text'
import { type Context, createContext } from '../schema/context'
import { codeOf, formatError } from '../schema/errors'
import { knownOperationTypes } from '../schema/operation-types'
import { denialOfRequest, introspectionForAdmins } from './introspection'
// Declares FastifyRequest.bodyText.
import type {} from './json-bodies'

/** Enough for every query of the schema and its fragments. Introspection does not count. */
const MAX_DEPTH = 10
const MAX_ALIASES = 15
const MAX_TOKENS = 1000
/** How many problems of one document, or of its variables, a response reports. */
const MAX_PROBLEMS = 50

/** A caller who names the second type gets it, because some clients read the errors of a 4xx under that type alone. */
const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'] as const

/**
 * Headers that prove that no page of another site sends the request: a page may not send them without a preflight. The bearer
 * token is one of them, so that clients who query by GET need no further header. The others are Apollo's own.
 */
const NOT_FORGED = ['authorization', 'x-apollo-operation-name', 'apollo-require-preflight']

/** Seconds after which a caller tries again while the keys of the identity provider cannot be read. */
const RETRY_AFTER = 5

/** Parameters of a GET without a value. Templates and forms send them. */
const EMPTY_PARAMETERS = /(?<=[?&])(operationName|variables|extensions)=(?:&|$)/g

/** Has the rules of graphql-armor report problems. By default they throw, which Apollo takes for an internal error. */
const reported = {
  onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(error)],
  propagateOnRejection: false,
}

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
    if (statusCode < 500) return sendError(reply, statusCode, { message, code: 'BAD_REQUEST' })
    options.log.error({ err: error, errorId: reply.request.id }, 'internal error')
    const code = 'INTERNAL_SERVER_ERROR'
    return sendError(reply, 500, { message: 'Internal server error', code, errorId: reply.request.id })
  })

  app.addHook('onRequest', async (request) => {
    // Apollo checks Accept after it runs a mutation. The 406 would then say that nothing has changed.
    const type = request.acceptedType(MEDIA_TYPES)
    if (type === undefined) throw errorOf(406, `Responses are ${MEDIA_TYPES.join(' or ')}.`)
    request.headers.accept = type
    request.raw.url = request.url.replace(EMPTY_PARAMETERS, '')
    // The integration makes a URL of the Host header and fails if that is not possible.
    if (!URL.canParse(`http://${request.hostname}/`)) throw errorOf(400, 'The Host header names no host.')
  })

  // Any document may publish an event.
  app.addHook('onRoute', (route) => {
    route.bodyLimit = PUBLISHING_BODY_MAX_BYTES
  })
  app.addHook('preHandler', async (request) => {
    if (!['GET', 'HEAD', 'POST'].includes(request.method)) return
    const denial = denialOfRequest(request, { production: options.production, maxTokens: MAX_TOKENS })
    if (denial) throw denial
  })

  await app.register(fastifyApollo(apollo), {
    path: '/graphql',
    method: ['GET', 'POST'],
    context: async ({ caller, bodyText }) => createContext(options.core, caller, bodyText),
  })
  app.route({
    method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/graphql',
    handler: (_request, reply) => {
      reply.header('Allow', 'GET, HEAD, POST')
      return sendError(reply, 405, { message: 'Send GraphQL requests by POST.', code: 'BAD_REQUEST' })
    },
  })
}

function apolloServer({ schema, production, log }: GraphqlOptions): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    // introspectionForAdmins decides in production.
    introspection: true,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: production,
    formatError: formatError(log),
    stringifyResult: (result) => `${printJson(result)}\n`,
    csrfPrevention: { requestHeaders: NOT_FORGED },
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: [
      knownOperationTypes,
      maxDepthRule({ n: MAX_DEPTH, ignoreIntrospection: true, ...reported }) as unknown as ValidationRule,
      // By default this rule does not count the aliases of introspection fields.
      maxAliasesRule({ n: MAX_ALIASES, allowList: [], ...reported }) as unknown as ValidationRule,
    ],
    validationOptions: { maxErrors: MAX_PROBLEMS },
    executionOptions: { maxCoercionErrors: MAX_PROBLEMS },
    // The gateway handles signals itself and stops its parts in order.
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ...(production ? [introspectionForAdmins] : []),
      emptyOperationName,
    ],
    logger: log,
  })
}

/** Takes an empty name as none: clients send it for a document with one operation. */
const emptyOperationName: ApolloServerPlugin<Context> = {
  async requestDidStart({ request }) {
    if (request.operationName === '') delete request.operationName
  },
}

const errorOf = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode })

/** Denies a request as a whole: no field of it runs, so the response has no `data`. */
function sendDenial(reply: FastifyReply, failure: Failure): FastifyReply {
  const isUnknown = failure.kind === 'unauthenticated'
  if (isUnknown) reply.header('WWW-Authenticate', 'Bearer')
  else reply.header('Retry-After', RETRY_AFTER)
  const { message, details } = failure
  return sendError(reply, isUnknown ? 401 : 503, { message, code: codeOf(failure), ...details })
}

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
