import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { packageFolder } from '../package-folder'

export interface GraphiqlOptions {
  /** the output folder of `vite build src/console`; by default dist/console of the package */
  pagesFolder?: string
}

/**
 * Only scripts from files of the gateway run, so a text that gets into the page as HTML cannot run. Monaco, the editor,
 * writes its styles into the page and has icons and fonts as data: URLs.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** GraphiQL at /graphiql with its assets. */
export const graphiqlPlugin: FastifyPluginAsync<GraphiqlOptions> = async (app, options) => {
  const { pagesFolder = path.join(packageFolder, 'dist/console') } = options

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'Content-Security-Policy': contentSecurityPolicy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
    })
  })

  await app.register(fastifyStatic, {
    root: path.join(pagesFolder, 'graphiql'),
    prefix: '/graphiql/',
    cacheControl: false,
    setHeaders: (response, file) => {
      // Vite puts a hash of the content into every file name except that of the page.
      const immutable = !file.endsWith('.html')
      response.setHeader('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })

  // The page loads its files by URLs relative to /graphiql/, so that it works below any path of a proxy. The redirect is relative
  // for the same reason.
  app.get('/graphiql', (request, reply) => {
    const [path] = request.url.split('?', 1)
    if (path?.endsWith('/')) return reply.sendFile('index.html')
    return reply.redirect(`graphiql/${request.url.slice(path?.length)}`)
  })
}
