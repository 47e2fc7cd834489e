import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { version } from '../version'
import { tokenAlgorithms } from './token-algorithm'

/** A key of an identity provider that verifies tokens. */
export interface ProviderKey {
  kid: string | undefined
  algorithms: string[]
  key: KeyObject
}

/** For the whole answer. A request whose key is unknown waits this long at most. */
const FETCH_WITHIN_MS = 5_000
/** A key set of a hundred keys with certificate chains is smaller. */
const SIZE_MAX = 512 * 1024

/**
 * Fetches the key set of an identity provider (a JSON Web Key Set, RFC 7517).
 *
 * @throws Error when the set cannot be read: no answer, another status than 200, a redirect, too large, another form
 */
export async function fetchKeySet(url: string): Promise<ProviderKey[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': `Hookgate/${version}` },
    // The operator has checked this address and no other: a redirect could lead to an unencrypted one.
    redirect: 'manual',
    signal: AbortSignal.timeout(FETCH_WITHIN_MS),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`The status of the key set is ${response.status} instead of 200.`)
  }
  return parseKeySet(await textOf(response))
}

/**
 * Reads the keys that verify tokens out of a key set. Other keys of the set are passed over: a provider may publish keys
 * for encryption, and keys of other algorithms.
 *
 * @throws Error when the text is no key set
 */
export function parseKeySet(text: string): ProviderKey[] {
  const set = JSON.parse(text) as { keys?: unknown } | null
  if (!Array.isArray(set?.keys)) throw new Error('The answer is not a JSON Web Key Set.')
  return set.keys.flatMap((jwk: unknown) => providerKey(jwk) ?? [])
}

function providerKey(jwk: unknown): ProviderKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kid, use, alg, d, key_ops: operations } = jwk as JsonWebKey
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  // Anybody can sign with a key whose private half is public.
  if (d !== undefined) return undefined
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const algorithms = tokenAlgorithms(key)
    if (alg !== undefined && !algorithms.includes(String(alg))) return undefined
    return { kid: typeof kid === 'string' ? kid : undefined, algorithms, key }
  } catch {
    // A kind of key that we do not support.
    return undefined
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    // Leaving the loop closes the connection.
    if (size > SIZE_MAX) throw new Error(`The key set is larger than ${SIZE_MAX} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
