import { developmentKeys } from '../secrets/development-keys'
import type { AuthConfig } from './auth-config'
import { signToken, type TokenKey } from './bearer-token'
import { ADMIN, type Role } from './roles'

/** The part of the configuration that has to do with tokens. */
interface TokenConfig {
  auth: AuthConfig
  dataDir: string
}

/** The key that verifies tokens: the configured one, else the development secret of the data folder. */
export const tokenKey = ({ auth, dataDir }: TokenConfig): TokenKey =>
  auth.key ?? { secret: developmentKeys(dataDir).jwtSecret }

/**
 * Signs a token with the shared secret.
 *
 * @param claims.ttl lifetime such as `30s`, `15m`, `1h`, `7d`
 * @throws Error with a message for the operator when an identity provider signs the tokens
 */
export async function issueToken(
  config: TokenConfig,
  claims: { role: Role; subject: string; ttl: string },
): Promise<string> {
  const key = tokenKey(config)
  if (!('secret' in key)) throw new Error('Tokens come from your identity provider: only it can sign them.')
  return signToken(config.auth, key.secret, claims)
}

/** Makes admin tokens for development; undefined in production, or when an identity provider signs the tokens. */
export function developmentTokens(
  config: TokenConfig & { production: boolean },
): (() => Promise<string>) | undefined {
  if (config.production || !('secret' in tokenKey(config))) return undefined
  return () => issueToken(config, { role: ADMIN, subject: 'developer', ttl: '12h' })
}
