import { developmentKeys } from '../secrets/development-keys'
import type { AuthConfig } from './auth-config'
import { signToken } from './bearer-token'
import type { Role } from './roles'
import type { TokenKey } from './verify-token'

/** The part of the configuration that has to do with tokens. */
export interface TokenConfig {
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
