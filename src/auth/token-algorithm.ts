import type { KeyObject } from 'node:crypto'

/** RFC 9864 gives Ed25519 a name of its own. Signers use both. */
const ED25519 = ['EdDSA', 'Ed25519']

/** The algorithms of tokens that public keys verify. */
export const PUBLIC_KEY_ALGORITHMS = ['RS256', 'ES256', ...ED25519]

/**
 * The names of the one algorithm of tokens that a public key verifies.
 *
 * @throws Error when no supported algorithm uses this kind of key
 */
export function tokenAlgorithms({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string[] {
  // RFC 7518, section 3.3: an RSA key has 2048 bits at least.
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return ['RS256']
  if (asymmetricKeyType === 'ed25519') return ED25519
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256']
  throw new Error('must be an RSA (2048 bits or more), P-256 or Ed25519 key')
}
