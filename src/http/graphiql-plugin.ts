import { BlockList, isIPv6 } from 'node:net'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { packageFolder } from '../package-folder'

export interface GraphiqlOptions {
  /** makes an admin token for a browser on this machine, in development; undefined = no token */
  developmentToken?: () => Promise<string>
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

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** GraphiQL at /graphiql with its assets, and GET /graphiql/session, the token that it fills in during development. */
export const graphiqlPlugin: FastifyPluginAsync<GraphiqlOptions> = async (app, options) => {
  const { developmentToken, pagesFolder = path.join(packageFolder, 'dist/console') } = options

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

  app.get('/graphiql/session', async (request, reply) => {
    reply.header('Cache-Control', 'no-store')
    const token = developmentToken && isOwnPageOnThisMachine(request) ? await developmentToken() : null
    return { token }
  })
}

/**
 * Whether the request comes from a page that this gateway served to a browser on this machine. The response is an admin
 * token, so an address check alone is not enough:
 * - the page of a site whose name resolves to 127.0.0.1 (DNS rebinding) sends the name of the site as Host;
 * - a reverse proxy connects from loopback for clients of the whole network, and adds forwarding headers;
 * - the page of another site in the same browser sends another Sec-Fetch-Site.
 * Reads the socket and the raw headers: `ip` and `host` of Fastify trust proxies if the server is configured so.
 */
function isOwnPageOnThisMachine({ socket, headers }: FastifyRequest): boolean {
  const address = socket.remoteAddress ?? ''
  const forwarded = Object.keys(headers).some(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-'),
  )
  const site = headers['sec-fetch-site'] ?? 'same-origin'
  return (
    loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') &&
    /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(headers.host ?? '') &&
    !forwarded &&
    site === 'same-origin'
  )
}
