import type { FastifyPluginAsync } from 'fastify'
import type { DevelopmentSignIn } from '../auth/development-sign-in'
import { errorBody } from './rest/errors'

export interface SessionOptions {
  signIn: DevelopmentSignIn
}

/** A code is 32 characters long. */
const BODY_LIMIT = 1024
/** Per minute, for all callers together. The right code is never limited, so nobody can lock out the developer. */
const WRONG_CODES_MAX = 10
const MINUTE_MS = 60_000

/**
 * `POST /session` exchanges the code of the printed link for an admin token: `{"code"}` for `{"token"}`. Only JSON is
 * read, so the page of another site cannot send a code without asking the gateway first (a CORS preflight).
 */
export const sessionPlugin: FastifyPluginAsync<SessionOptions> = async (app, { signIn }) => {
  let wrong = { codes: 0, until: 0 }

  app.post('/session', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    reply.header('Cache-Control', 'no-store')
    const site = request.headers['sec-fetch-site'] ?? 'same-origin'
    if (site !== 'same-origin') {
      return reply.code(403).send(problem('forbidden', 'Only pages of this gateway sign in.'))
    }
    const code = (request.body as { code?: unknown } | null | undefined)?.code
    const token = typeof code === 'string' ? await signIn.exchange(code) : undefined
    if (token !== undefined) return { token }

    const now = performance.now()
    if (now >= wrong.until) wrong = { codes: 0, until: now + MINUTE_MS }
    wrong.codes += 1
    if (wrong.codes <= WRONG_CODES_MAX) {
      const message = 'This is not the code of the link that the gateway printed at its start.'
      return reply.code(403).send(problem('forbidden', message))
    }
    reply.header('Retry-After', Math.ceil((wrong.until - now) / 1_000))
    return reply.code(429).send(problem('rate_limited', 'There were too many wrong codes.'))
  })
}

const problem = (code: string, message: string) => errorBody([{ code, message }])
