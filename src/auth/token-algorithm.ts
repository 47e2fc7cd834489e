import type { KeyObject } from 'node:crypto'

/**
 * The algorithm of tokens that a public key verifies.
 *
 * @throws Error when no supported algorithm uses this kind of key
 */
export function tokenAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'RS256'
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new Error('must be an RSA, P-256 or Ed25519 key')
}
