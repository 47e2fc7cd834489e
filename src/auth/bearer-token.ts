import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Logger } from 'pino'
import { Failure } from '../failure'
import type { AuthConfig } from './auth-config'
import type { Identity, Role } from './roles'
import { withTokenCache } from './token-cache'
import { type TokenKey, tokenVerifier, type Verified } from './verify-token'

/** An authenticated caller, or why the caller is not authenticated. */
export type Caller = { identity: Identity; denial?: undefined } | { identity?: undefined; denial: Failure }

/** Reads the value of an `Authorization` header. Returns a promise only for a token that must be checked. Never rejects. */
export type IdentifyCaller = (authorization: string | undefined) => Caller | Promise<Caller>

/**
 * Makes the function that turns a bearer token into a caller.
 *
 * It accepts only the algorithms of the configured key. So it denies by their header alone tokens with the algorithm
 * `none`, and tokens that use a public key as an HMAC secret (RFC 8725, section 3.1).
 */
export async function callerIdentifier(
  auth: AuthConfig,
  key: TokenKey,
  log: Pick<Logger, 'warn' | 'info' | 'error'>,
): Promise<IdentifyCaller> {
  const verify = withTokenCache(await tokenVerifier(auth, key, log))
  const { errors } = await import('jose')
  const identifyVerified = async (verifying: Promise<Verified>): Promise<Caller> => {
    try {
      return { identity: (await verifying).identity }
    } catch (error) {
      if (error instanceof Failure) return { denial: error }
      if (!(error instanceof errors.JOSEError)) {
        log.error({ err: error, errorId: randomUUID() }, 'a bearer token cannot be verified')
      }
      return { denial: denialFor(error) }
    }
  }
  return (authorization) => {
    if (authorization === undefined) return { denial: unauthenticated('A bearer token is required.') }
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
    if (token === undefined)
      return { denial: unauthenticated('The Authorization header is not a bearer token.') }
    const verified = verify(token)
    return verified instanceof Promise ? identifyVerified(verified) : { identity: verified.identity }
  }
}

/**
 * Signs a token with the shared secret.
 *
 * @param ttl lifetime such as `30s`, `15m`, `1h`, `7d`
 */
export async function signToken(
  auth: AuthConfig,
  secret: string,
  claims: { role: Role; subject: string; ttl: string },
): Promise<string> {
  const { SignJWT } = await import('jose')
  // Write the role where identityOf reads it: a claim with dots in its name is a path.
  const payload = auth.roleClaim
    .split('.')
    .reduceRight<unknown>((value, name) => ({ [name]: value }), claims.role) as JWTPayload
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(claims.subject)
    .setIssuedAt()
    .setExpirationTime(claims.ttl)
  if (auth.issuer) token.setIssuer(auth.issuer)
  if (auth.audience) token.setAudience(auth.audience)
  return token.sign(Buffer.from(secret))
}

const unauthenticated = (message: string) => new Failure('unauthenticated', message)

/**
 * The owner of a token learns what is wrong with its dates: jose checks them only after the signature. Any other bad token
 * gets one and the same message.
 */
function denialFor(error: unknown): Failure {
  const { code, claim, reason } = error as { code?: string; claim?: string; reason?: string }
  if (code === 'ERR_JWT_EXPIRED') return unauthenticated('The bearer token has expired.')
  if (claim === 'exp' && reason === 'missing') return unauthenticated('The bearer token has no expiry (exp).')
  const isEarly = (claim === 'nbf' || claim === 'iat') && reason === 'check_failed'
  if (isEarly) return unauthenticated('The bearer token is not valid yet.')
  return unauthenticated('The bearer token is not valid.')
}
