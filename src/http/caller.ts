import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller, IdentifyCaller } from '../auth/bearer-token'

declare module 'fastify' {
  interface FastifyRequest {
    /** set before the hooks of routes run */
    caller: Caller
  }
}

/** Identifies the caller of every request of this instance and of its plugins. */
export function addCallers(app: FastifyInstance, identifyCaller: IdentifyCaller): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', (request, _reply, done) => {
    const caller = identifyCaller(authorizationOf(request.raw))
    const proceed = (identified: Caller) => {
      request.caller = identified
      done()
    }
    if (caller instanceof Promise) caller.then(proceed, done)
    else proceed(caller)
  })
}

/**
 * The value of the `Authorization` header; of several, all values joined, which are no bearer token. Node.js would keep
 * the first and drop the others, one of which a proxy may have checked.
 */
function authorizationOf({ headers, rawHeaders }: FastifyRequest['raw']): string | undefined {
  const values: string[] = []
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const [name = '', value = ''] = [rawHeaders[place], rawHeaders[place + 1]]
    if (name.length === 13 && name.toLowerCase() === 'authorization') values.push(value)
  }
  return values.length > 1 ? values.join(', ') : headers.authorization
}
