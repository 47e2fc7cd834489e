import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyRequest } from 'fastify'
import { documentAccess, type SchemaExecutor } from '../../schema/execute'
import { RestError } from './errors'

/** The options of every file of routes. A route runs its GraphQL document with the executor. */
export interface RouteOptions {
  executor: SchemaExecutor
}

/** The media type of every response. @fastify/accepts takes `Accept` with this charset, and without one. */
const MEDIA_TYPE = 'application/json; charset=utf-8'

/**
 * The `onRequest` hook of a route: it denies callers who may not run the document of the route, then requests that do
 * not accept JSON (406). Fastify has not read the body by then.
 */
export function requires(document: TypedDocumentNode<unknown, never>) {
  const denialOf = documentAccess(document)
  return async (request: Pick<FastifyRequest, 'caller' | 'types'>): Promise<void> => {
    const denial = denialOf(request.caller)
    if (denial) throw denial
    if (request.types([MEDIA_TYPE])) return
    throw new RestError(406, [{ code: 'not_acceptable', message: 'Responses are application/json.' }])
  }
}
