import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyRequest } from 'fastify'
import { documentAccess } from '../../schema/execute'
import { RestError } from './errors'

/** The media type of every response. */
const MEDIA_TYPES = ['application/json'] as const

const READING = new Set(['GET', 'HEAD'])

/** How many unknown parameters a response reports, and how much of a name. */
const MAX_PROBLEMS = 20
const MAX_NAME_LENGTH = 100

/**
 * Makes the `onRequest` hook of a route, which Fastify runs before it reads the body. The hook denies callers who may not run
 * the document of the route (401, 403), then refuses requests that do not accept JSON (406), and changes with query parameters
 * that the route does not have (400).
 */
export function requires(document: TypedDocumentNode<unknown, never>) {
  const denialOf = documentAccess(document)
  return async (
    request: Pick<FastifyRequest, 'caller' | 'method' | 'query' | 'acceptedType'>,
  ): Promise<void> => {
    const denial = denialOf(request.caller)
    if (denial) throw denial
    if (request.acceptedType(MEDIA_TYPES) === undefined) {
      throw new RestError(406, [{ code: 'not_acceptable', message: 'Responses are application/json.' }])
    }
    if (!READING.has(request.method)) refuseParameters(request.query as object)
  }
}

/**
 * Refuses a change with a query parameter, because no call that changes something has one. A caller who sends a parameter
 * relies on its effect: a gateway that does not know `dry_run` must not do the change. Calls that only read ignore unknown
 * parameters.
 */
function refuseParameters(query: object): void {
  const names = Object.keys(query)
  if (names.length === 0) return
  const message = 'There is no such query parameter.'
  const problems = names.slice(0, MAX_PROBLEMS).map((name) => {
    return { field: name.slice(0, MAX_NAME_LENGTH), code: 'unknown_parameter', message }
  })
  throw new RestError(400, problems)
}
