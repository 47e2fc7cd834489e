import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JWTPayload, ProtectedHeaderParameters } from 'jose'
import type { AuthConfig } from './auth-config'
import { fetchKeySet, type ProviderKey } from './key-set'
import { type KeysLog, ProviderKeys } from './provider-keys'
import { type Identity, identityOf } from './roles'
import { PUBLIC_KEY_ALGORITHMS, tokenAlgorithms } from './token-algorithm'

/** The key source with its development default filled in. */
export type TokenKey = NonNullable<AuthConfig['key']>

/** The caller of a token whose signature and claims were checked. */
export interface Verified {
  identity: Identity
  /** Unix time in milliseconds until which this result may be used again */
  until: number
}

/**
 * Checks signature and claims of a token.
 *
 * @throws JOSEError when the token is not valid; Failure `service_unavailable` when the keys of the provider cannot be read
 */
export type VerifyToken = (token: string) => Promise<Verified>

/** How far the clocks of two machines may differ, in seconds. */
const CLOCK_TOLERANCE = 30
/** One check of a signature is good for this long. */
const VERIFIED_FOR_MS = 60_000

/** Checks a token by one key, which verifies tokens of these algorithms. */
type Check = (token: string, key: Uint8Array | KeyObject, algorithms: string[]) => Promise<JWTPayload>

export async function tokenVerifier(auth: AuthConfig, key: TokenKey, log: KeysLog): Promise<VerifyToken> {
  const check = await claimCheck(auth)
  const verified = (payload: JWTPayload, validForMs: number): Verified => ({
    identity: identityOf(payload, auth.roleClaim),
    until: Math.min(((payload.exp ?? 0) + CLOCK_TOLERANCE) * 1_000, Date.now() + validForMs),
  })
  if ('jwksUrl' in key) {
    const keys = new ProviderKeys(() => fetchKeySet(key.jwksUrl), log)
    const verifyByProvider = await providerCheck(keys, check)
    return async (token) => {
      const { payload, set } = await verifyByProvider(token)
      return verified(payload, ProviderKeys.validForMs(set))
    }
  }
  const fixed = 'secret' in key ? Buffer.from(key.secret) : createPublicKey(key.publicKey)
  const algorithms = Buffer.isBuffer(fixed) ? ['HS256'] : tokenAlgorithms(fixed)
  return async (token) => verified(await check(token, fixed, algorithms), VERIFIED_FOR_MS)
}

/** jose checks all claims but `iat`, which it checks only together with an age limit. */
async function claimCheck({ issuer, audience }: AuthConfig): Promise<Check> {
  const { jwtVerify, errors } = await import('jose')
  const claims = { issuer, audience, requiredClaims: ['exp'], clockTolerance: CLOCK_TOLERANCE }
  return async (token, key, algorithms) => {
    const { payload } = await jwtVerify(token, key, { ...claims, algorithms })
    if ((payload.iat ?? 0) > Date.now() / 1_000 + CLOCK_TOLERANCE) {
      throw new errors.JWTClaimValidationFailed('issued in the future', payload, 'iat', 'check_failed')
    }
    return payload
  }
}

/** Checks tokens by the keys of an identity provider. A token that no known key verifies has the set fetched again. */
async function providerCheck(keys: ProviderKeys, check: Check) {
  const { decodeProtectedHeader, errors } = await import('jose')

  function headerOf(token: string): ProtectedHeaderParameters {
    try {
      return decodeProtectedHeader(token)
    } catch (cause) {
      throw new errors.JWTInvalid('the header cannot be decoded', { cause })
    }
  }

  /** The claims by the first key that verifies the signature; undefined = no key does. */
  async function checkByAny(token: string, candidates: ProviderKey[]): Promise<JWTPayload | undefined> {
    for (const { key, algorithms } of candidates) {
      try {
        return await check(token, key, algorithms)
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
      }
    }
    return undefined
  }

  return async (token: string) => {
    const { alg = '', kid } = headerOf(token)
    // Decide by the header alone where no key can help.
    if (!PUBLIC_KEY_ALGORITHMS.includes(alg)) throw new errors.JOSEAlgNotAllowed()
    const fits = (key: ProviderKey) => key.algorithms.includes(alg) && (kid === undefined || key.kid === kid)

    const set = await keys.current()
    const candidates = set.keys.filter(fits)
    const payload = await checkByAny(token, candidates)
    if (payload) return { payload, set }
    // The named key is known, so the token is forged, or the provider has another key under the old name.
    const isForged = kid !== undefined && candidates.length > 0
    if (isForged && !keys.isDue) throw new errors.JWSSignatureVerificationFailed()

    const later = await keys.laterThan(set)
    const laterPayload = await checkByAny(token, later.keys.filter(fits))
    if (!laterPayload) throw new errors.JWKSNoMatchingKey()
    return { payload: laterPayload, set: later }
  }
}
