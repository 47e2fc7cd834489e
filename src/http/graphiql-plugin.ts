import { BlockList, isIPv6 } from 'node:net'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { packageFolder } from '../package-folder'

export interface GraphiqlPageOptions {
  /** Makes an admin token for a browser on this machine. Development only: left out, the page offers none. */
  developmentToken?: () => Promise<string>
  /** Where `vite build src/console` put the pages. Default: the package's dist/console. */
  pagesFolder?: string
}

/**
 * No script but our own, from our own files: a text that finds its way into the page cannot run.
 * The editor (Monaco) writes its styles into the page and carries icons and fonts as data: URLs.
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

/** GraphiQL at /graphiql with all it loads, and GET /graphiql/session, which fills in its token in development. */
export const graphiqlPage: FastifyPluginAsync<GraphiqlPageOptions> = async (app, options) => {
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
      // Vite puts a hash of the content into every name but the page's own.
      const immutable = !file.endsWith('.html')
      response.setHeader('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })

  app.get('/graphiql', (_request, reply) => reply.sendFile('index.html'))

  app.get('/graphiql/session', async (request, reply) => {
    reply.header('Cache-Control', 'no-store')
    const token = developmentToken && isOwnPageOnThisMachine(request) ? await developmentToken() : null
    return { token }
  })
}

/**
 * Whether the page that asks was served by this gateway to a browser on this very machine.
 * The answer is an admin token, so each way round a bare address check is shut:
 * - a site whose name was made to resolve to 127.0.0.1 (DNS rebinding) still sends its own name as Host;
 * - a reverse proxy connects from loopback on behalf of the whole network, and says so in forwarding headers;
 * - another site's page, open in the same browser, is told apart by Sec-Fetch-Site.
 * It reads the socket and the raw headers, because Fastify's `ip` and `host` believe a proxy once told to.
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
