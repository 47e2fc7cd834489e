import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import fastifyApollo from '@as-integrations/fastify'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import type { FastifyInstance } from 'fastify'
import type { GraphQLError, GraphQLSchema, ValidationContext, ValidationRule } from 'graphql'
import type { Logger } from 'pino'
import { isAcceptable } from '../acceptable'
import type { Core } from '../core'
import { type Context, createContext } from '../schema/context'
import { formatError } from '../schema/errors'

/** Enough for every query of the schema, with room for fragments; GraphiQL's introspection is not counted. */
const MAX_DEPTH = 10
const MAX_ALIASES = 15
const MAX_TOKENS = 1000
/** How many faults of one document, or of its variables, are told at once. */
const MAX_FAULTS = 50

const MEDIA_TYPES = ['application/json', 'application/graphql-response+json']

/** Left alone, these rules throw, which Apollo takes for a fault of its own instead of the document's. */
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

/** `POST /graphql` (and GET, for queries): GraphQL over HTTP by Apollo Server. */
export function graphqlPlugin({ schema, core, production, log }: GraphqlOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    const apollo = new ApolloServer<Context>({
      schema,
      introspection: !production,
      includeStacktraceInErrorResponses: false,
      hideSchemaDetailsFromClientErrors: production,
      formatError: formatError(log),
      csrfPrevention: true,
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      parseOptions: { maxTokens: MAX_TOKENS },
      validationRules: [
        maxDepthRule({ n: MAX_DEPTH, ignoreIntrospection: true, ...reported }) as unknown as ValidationRule,
        // Its default leaves the introspection fields out of the count.
        maxAliasesRule({ n: MAX_ALIASES, allowList: [], ...reported }) as unknown as ValidationRule,
      ],
      validationOptions: { maxErrors: MAX_FAULTS },
      executionOptions: { maxCoercionErrors: MAX_FAULTS },
      // The gateway listens to signals itself, and stops its parts in order.
      stopOnTerminationSignals: false,
      plugins: [ApolloServerPluginCacheControlDisabled(), ApolloServerPluginLandingPageDisabled()],
      logger: log,
    })
    app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
      const { statusCode = 500, message } = error
      if (statusCode < 500) return reply.code(statusCode).send(refusal(message, 'BAD_REQUEST'))
      log.error({ err: error, errorId: reply.request.id }, 'internal error')
      return reply.code(500).send(refusal('Internal server error', 'INTERNAL_SERVER_ERROR', reply.request.id))
    })
    await apollo.start()
    app.addHook('onClose', () => apollo.stop())
    // Apollo looks at it when all is done, and would say of a change that it was refused.
    app.addHook('onRequest', async ({ headers }) => {
      if (isAcceptable(headers.accept, MEDIA_TYPES)) return
      throw Object.assign(new Error(`Answers are ${MEDIA_TYPES.join(' or ')}.`), { statusCode: 406 })
    })
    // Apollo's adapter makes a URL of it, and fails where it cannot.
    app.addHook('onRequest', async ({ hostname }) => {
      if (URL.canParse(`http://${hostname}/`)) return
      throw Object.assign(new Error('The Host header names no host.'), { statusCode: 400 })
    })
    await app.register(fastifyApollo(apollo), {
      path: '/graphql',
      method: ['GET', 'POST'],
      context: async ({ caller }) => createContext(core, caller),
    })
    app.route({
      method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/graphql',
      handler: (_request, reply) =>
        reply
          .code(405)
          .header('Allow', 'GET, HEAD, POST')
          .send(refusal('GraphQL is asked by POST.', 'BAD_REQUEST')),
    })
  }
}

const refusal = (message: string, code: string, errorId?: string) => ({
  errors: [{ message, extensions: { code, ...(errorId && { errorId }) } }],
})
