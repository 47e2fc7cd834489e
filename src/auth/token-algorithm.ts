import type { KeyObject } from 'node:crypto'

/**
 * The algorithm that tokens of this key are signed with.
 *
 * @throws Error when the key is of no kind that tokens are signed with
 */
export function tokenAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'RS256'
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new Error('must be an RSA, P-256 or Ed25519 key')
}
