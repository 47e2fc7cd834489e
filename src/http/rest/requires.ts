import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyRequest } from 'fastify'
import { documentAccess } from '../../schema/execute'
import { RestError } from './errors'

/** The media type of every response. @fastify/accepts takes `Accept` with this charset, and without one. */
const MEDIA_TYPE = 'application/json; charset=utf-8'
/** The header that most clients send. Skip negotiation for it, as graphql-plugin.ts does, which gives the figure. */
const USUAL_ACCEPT = new Set([undefined, '*/*', 'application/json'])

/**
 * Makes the `onRequest` hook of a route, which Fastify runs before it reads the body. The hook denies callers who may not run
 * the document of the route (401, 403), then answers 406 to requests that do not accept JSON.
 */
export function requires(document: TypedDocumentNode<unknown, never>) {
  const denialOf = documentAccess(document)
  return async (request: Pick<FastifyRequest, 'caller' | 'headers' | 'types'>): Promise<void> => {
    const denial = denialOf(request.caller)
    if (denial) throw denial
    if (USUAL_ACCEPT.has(request.headers.accept) || request.types([MEDIA_TYPE])) return
    throw new RestError(406, [{ code: 'not_acceptable', message: 'Responses are application/json.' }])
  }
}
