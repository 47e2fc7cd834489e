import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { issueToken, type TokenConfig, tokenKey } from './issue-token'
import { ADMIN } from './roles'

/** How a browser gets an admin token during development: by the code of the link that the gateway prints at its start. */
export interface DevelopmentSignIn {
  /** random, the same until the process ends */
  code: string
  /** Makes an admin token for 12 hours. */
  issueToken(): Promise<string>
  /** @returns an admin token; undefined = this is not the code */
  exchange(code: string): Promise<string | undefined>
}

/** The sign-in of this process; undefined in production, or when an identity provider signs the tokens. */
export function developmentSignIn(
  config: TokenConfig & { production: boolean },
): DevelopmentSignIn | undefined {
  if (config.production || !('secret' in tokenKey(config))) return undefined
  const code = randomBytes(24).toString('base64url')
  const adminToken = () => issueToken(config, { role: ADMIN, subject: 'developer', ttl: '12h' })
  return {
    code,
    issueToken: adminToken,
    // Digests have one length, so the time of the comparison depends on no character of the code.
    exchange: async (given) => (timingSafeEqual(digest(given), digest(code)) ? adminToken() : undefined),
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()
