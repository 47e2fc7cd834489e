import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Failure, UNAVAILABLE_RETRY_AFTER } from '../../failure'
import { codeOf } from '../../schema/errors'

/** What a request without a token may bring in development, in bytes: enough for GraphiQL's introspection query. */
const ANONYMOUS_BODY_MAX = 16 * 1024

/** A caller who names the second type gets it, because some clients read the errors of a 4xx under that type alone. */
export const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'] as const

const QUERY_METHODS = ['GET', 'HEAD', 'POST']

/**
 * Answers callers without a valid token before their bodies are read, as a request error of GraphQL: `UNAUTHENTICATED` without
 * `data`, 401 with `WWW-Authenticate`. In development, requests without any token are read up to 16 KiB, so that tools can
 * introspect; the schema decides what such a request may ask.
 */
export function denyUnknownCallers(app: FastifyInstance, { production }: { production: boolean }): void {
  const mayBeRead = ({ headers }: FastifyRequest) =>
    !production &&
    headers.authorization === undefined &&
    !(Number(headers['content-length']) > ANONYMOUS_BODY_MAX)

  app.addHook('onRequest', (request, reply, done) => {
    const { denial } = request.caller
    if (denial && QUERY_METHODS.includes(request.method) && !mayBeRead(request)) sendDenial(reply, denial)
    else done()
  })
  // The length of a chunked body is not known before it has been read.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { denial } = request.caller
    if (!denial) return done(null, payload)
    const limitedPayload = limited(ANONYMOUS_BODY_MAX, denial)
    // Read the rest and drop it: a client that is still sending reads the answer only afterwards.
    limitedPayload.once('error', () => payload.resume())
    done(null, payload.pipe(limitedPayload))
  })
}

/** Sends the denial of a caller by GraphQL. */
export function sendDenial(reply: FastifyReply, denial: Failure): FastifyReply {
  const extensions = { code: codeOf(denial), ...denial.details }
  const body = JSON.stringify({ errors: [{ message: denial.message, extensions }] })
  reply.type(`${reply.request.acceptedType(MEDIA_TYPES) ?? MEDIA_TYPES[0]}; charset=utf-8`)
  if (denial.kind === 'service_unavailable')
    return reply.code(503).header('Retry-After', UNAVAILABLE_RETRY_AFTER).send(body)
  return reply.code(401).header('WWW-Authenticate', 'Bearer').send(body)
}

/** Passes bytes on, and fails once there are more than `max`. */
function limited(max: number, failure: Failure): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length
      if (length > max) done(failure)
      else done(null, chunk)
    },
  })
}
