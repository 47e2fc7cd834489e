import type { IncomingHttpHeaders } from 'node:http'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { GraphQLInputType } from 'graphql'
import { isAcceptable } from '../../acceptable'
import { Failure } from '../../failure'
import { MaskedError, type SchemaExecutor } from '../../schema/execute'
import { readBody } from './body'
import { errorBody, faultOf, RestError, sendFailure } from './errors'
import type { Query } from './page'

/** One call of the REST API, as its route sees it. */
export interface Call {
  /** the endpoint's id as the path gives it */
  id: string
  /** the absolute URL that was asked for */
  url: URL
  query: Query
  headers: IncomingHttpHeaders
  reply: FastifyReply
  /**
   * The JSON body as an input of the schema (by name), or of a type that the route brings.
   *
   * @throws RestError 400 with every fault of type
   */
  body<Input>(type: string | GraphQLInputType): Input
  /** The same where no body counts as an empty one. */
  optionalBody<Input>(type: GraphQLInputType): Input
  /** @throws Failure, MaskedError */
  run<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** without the trailing slash, which may stand or not */
  path: string
  /** what the caller must be allowed to run before anything else of the request is looked at */
  document: TypedDocumentNode<unknown, never>
  answer(call: Call): Promise<FastifyReply>
}

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const NOTHING_HERE = [{ code: 'not_found', message: 'There is nothing at this address.' }]

/** What an address gets that cannot even be decoded. */
export const notFoundBody = errorBody(NOTHING_HERE)

/** Registers the routes below `/api/v2`, with the documented errors for whatever goes wrong before and in them. */
export function restPlugin(executor: SchemaExecutor, routes: Route[]) {
  return async (app: FastifyInstance): Promise<void> => {
    app.setErrorHandler((error, _request, reply) => sendError(reply, error))
    app.all('/api/*', () => {
      throw new RestError(404, NOTHING_HERE)
    })
    for (const route of routes) register(app, executor, route)
    for (const [path, methods] of methodsByPath(routes)) refuseOtherMethods(app, path, methods)
  }
}

function register(app: FastifyInstance, executor: SchemaExecutor, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    // Access comes before the body, so that a stranger's body is not even read.
    onRequest: async (request) => {
      const refusal = executor.refusal(route.document, request.caller)
      if (refusal) throw refusal
      refuseUnacceptable(request)
    },
    handler: (request, reply) => route.answer(callOf(request, reply, executor)),
  })
}

function callOf(request: FastifyRequest, reply: FastifyReply, executor: SchemaExecutor): Call {
  const { id = '' } = request.params as { id?: string }
  return {
    id,
    url: urlOf(request),
    query: request.query as Query,
    headers: request.headers,
    reply,
    body<Input>(type: string | GraphQLInputType) {
      if (typeof type !== 'string') return readBody(request.body, type) as Input
      const judge = (given: Record<string, unknown>) => executor.problemsOf(type, given).map(faultOf)
      return readBody(request.body, executor.inputType(type), judge) as Input
    },
    optionalBody: <Input>(type: GraphQLInputType) => readBody(request.body ?? {}, type) as Input,
    run: (document, variables) => executor.run(document, variables, request.caller, request.log),
  }
}

/** The `Host` header is the caller's word: where it makes no URL, links name this machine. */
function urlOf({ originalUrl, protocol, host }: FastifyRequest): URL {
  const origin = `${protocol}://${host}`
  return new URL(originalUrl, URL.canParse(origin) ? origin : 'http://localhost')
}

/** Answers are JSON: 406 for those who want anything else. */
function refuseUnacceptable({ headers }: FastifyRequest): void {
  if (!isAcceptable(headers.accept, ['application/json'])) {
    throw new RestError(406, [{ code: 'not_acceptable', message: 'Answers are application/json.' }])
  }
}

function methodsByPath(routes: Route[]): Map<string, HTTPMethods[]> {
  const byPath = new Map<string, HTTPMethods[]>()
  for (const { path, method } of routes) {
    const methods: HTTPMethods[] = method === 'GET' ? ['GET', 'HEAD'] : [method]
    byPath.set(path, [...(byPath.get(path) ?? []), ...methods])
  }
  return byPath
}

function refuseOtherMethods(app: FastifyInstance, path: string, methods: HTTPMethods[]): void {
  const Allow = methods.join(', ')
  const others = METHODS.filter((method) => !methods.includes(method))
  app.route({
    method: others,
    url: path,
    onRequest: async () => {
      const message = `The methods of this address are ${Allow}.`
      throw new RestError(405, [{ code: 'method_not_allowed', message }], { Allow })
    },
    handler: async () => undefined,
  })
}

/** What Fastify itself refuses, by the status it gives; anything else is a bug. */
const REFUSED: Record<number, string> = {
  400: 'malformed',
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported_media_type',
}

function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof Failure) return sendFailure(reply, error)
  if (error instanceof RestError) {
    return reply.code(error.statusCode).headers(error.headers).send(errorBody(error.faults))
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string }
  const code = REFUSED[statusCode]
  if (code) return reply.code(statusCode).send(errorBody([{ code, message }]))
  if (!(error instanceof MaskedError)) reply.log.error({ err: error }, 'internal error')
  const errorId = error instanceof MaskedError ? error.errorId : reply.request.id
  const fault = { code: 'internal_server_error', message: `Internal server error (${errorId})` }
  return reply.code(500).send(errorBody([fault]))
}
