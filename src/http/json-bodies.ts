import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** the text of a JSON body: its parsed value has lost digits and keys */
    bodyText: string | undefined
  }
}
const JSON_TYPE = 'application/json'
/** A patch of the REST API is one: fields that it leaves out stay (RFC 7396). */
const MERGE_PATCH_TYPE = 'application/merge-patch+json'

/**
 * Parses JSON bodies for both APIs: UTF-8 without compression. A body of no bytes counts as no body, whatever its
 * content type. Keys such as `__proto__` stay ordinary keys.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.decorateRequest('bodyText')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    done(wrongType())
  })
  app.addContentTypeParser([JSON_TYPE, MERGE_PATCH_TYPE], { parseAs: 'buffer' }, (request, body, done) => {
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return done(errorOf(415, 'Bodies must not be compressed.'))
    }
    if (body.length === 0) return done(null, undefined)
    if (request.mediaType === MERGE_PATCH_TYPE && request.method !== 'PATCH') return done(wrongType())
    try {
      request.bodyText = utf8.decode(body as Buffer)
      done(null, JSON.parse(request.bodyText))
    } catch {
      done(errorOf(400, 'The body is not JSON.'))
    }
  })
}

const wrongType = () =>
  errorOf(415, `Bodies must be ${JSON_TYPE}. A PATCH may also have ${MERGE_PATCH_TYPE}.`)

const errorOf = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode })
