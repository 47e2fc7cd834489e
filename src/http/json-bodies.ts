import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** the text of a JSON body: its parsed value has lost digits and keys */
    bodyText: string | undefined
  }
}

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
    done(errorOf(415, 'Bodies must be application/json.'))
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return done(errorOf(415, 'Bodies must not be compressed.'))
    }
    if (body.length === 0) return done(null, undefined)
    try {
      request.bodyText = utf8.decode(body as Buffer)
      done(null, JSON.parse(request.bodyText))
    } catch {
      done(errorOf(400, 'The body is not JSON.'))
    }
  })
}

const errorOf = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode })
