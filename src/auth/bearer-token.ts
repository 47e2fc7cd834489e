import { createPublicKey, randomUUID } from 'node:crypto'
import type { JWTPayload, JWTVerifyOptions } from 'jose'
import type { Logger } from 'pino'
import { Failure } from '../failure'
import type { AuthConfig } from './auth-config'
import { type Identity, identityOf, type Role } from './roles'
import { tokenAlgorithm } from './token-algorithm'
import { withTokenCache } from './token-cache'

/** An authenticated caller, or why the caller is not authenticated. */
export type Caller = { identity: Identity; denial?: undefined } | { identity?: undefined; denial: Failure }

/** Reads the value of an `Authorization` header. Never rejects. */
export type IdentifyCaller = (authorization: string | undefined) => Promise<Caller>

/** The key source with its development default filled in. */
export type TokenKey = NonNullable<AuthConfig['key']>

type Verify = (token: string) => Promise<JWTPayload>

/**
 * Makes the function that turns a bearer token into a caller.
 *
 * It accepts only the algorithms of the configured key. So it denies by their header alone tokens with the algorithm
 * `none`, and tokens that use a public key as an HMAC secret (RFC 8725, section 3.1).
 */
export async function callerIdentifier(
  auth: AuthConfig,
  key: TokenKey,
  log: Pick<Logger, 'warn'>,
): Promise<IdentifyCaller> {
  const verify = withTokenCache(await tokenVerifier(auth, key))
  return async (authorization) => {
    if (authorization === undefined) return { denial: unauthenticated('A bearer token is required.') }
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
    if (token === undefined)
      return { denial: unauthenticated('The Authorization header is not a bearer token.') }
    try {
      return { identity: identityOf(await verify(token), auth.roleClaim) }
    } catch (error) {
      return { denial: denialFor(error, 'jwksUrl' in key, log) }
    }
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

async function tokenVerifier(auth: AuthConfig, key: TokenKey): Promise<Verify> {
  const { jwtVerify, createRemoteJWKSet } = await import('jose')
  const claims: JWTVerifyOptions = { issuer: auth.issuer, audience: auth.audience }
  if ('secret' in key) {
    const secret = Buffer.from(key.secret)
    return async (token) => (await jwtVerify(token, secret, { ...claims, algorithms: ['HS256'] })).payload
  }
  if ('publicKey' in key) {
    const publicKey = createPublicKey(key.publicKey)
    const algorithms = [tokenAlgorithm(publicKey)]
    return async (token) => (await jwtVerify(token, publicKey, { ...claims, algorithms })).payload
  }
  const jwks = createRemoteJWKSet(new URL(key.jwksUrl))
  const algorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519']
  return async (token) => (await jwtVerify(token, jwks, { ...claims, algorithms })).payload
}

const unauthenticated = (message: string) => new Failure('unauthenticated', message)

/** The owner of an expired token learns why it is denied. Any other bad token gets one and the same message. */
function denialFor(error: unknown, keysAreRemote: boolean, log: Pick<Logger, 'warn'>): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ERR_JWT_EXPIRED') return unauthenticated('The bearer token has expired.')
  const isTokenBad = /^ERR_(JWT|JWS_|JOSE_ALG|JOSE_NOT|JWKS_NO_|JWKS_MULTIPLE)/.test(code)
  if (keysAreRemote && !isTokenBad) {
    const errorId = randomUUID()
    log.warn({ err: error, errorId }, 'the keys of the identity provider cannot be read')
    const message = 'The keys of the identity provider cannot be read at the moment.'
    return new Failure('unavailable', message, { errorId })
  }
  return unauthenticated('The bearer token is not valid.')
}
