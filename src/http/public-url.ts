/** Where the paths of the gateway begin. */
const ENTRANCE = /^\/(api|graphql|graphiql|console|session|healthz|readyz|metrics)(?=[/?]|$)/
const ROOT = /^\/?(?=\?|$)/

/**
 * Makes Fastify's `rewriteUrl`, which removes the path of the public URL from the URL of a request. A reverse proxy in front of
 * the gateway usually removes that path itself. One that does not works too.
 *
 * The path is removed only if a path of the gateway follows it. Where the public path is itself a path of the gateway, such as
 * `/api`, the URL `/api/v2/...` comes from a proxy that has removed it.
 *
 * @param publicUrl without a slash at its end
 */
export function publicPathRemover(publicUrl: string): (request: { url?: string }) => string {
  const prefix = new URL(publicUrl).pathname.replace(/\/$/, '')
  return ({ url = '/' }) => {
    if (prefix === '' || !url.startsWith(prefix)) return url
    const rest = url.slice(prefix.length)
    if (ROOT.test(rest)) return ENTRANCE.test(url) ? url : rest.replace(ROOT, '/')
    return ENTRANCE.test(rest) ? rest : url
  }
}
