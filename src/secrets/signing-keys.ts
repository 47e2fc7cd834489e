import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Keyring } from './keyring'

/** A signing secret as the keys that sign. Signing by a text would make a key of the text each time. */
export interface SigningKeys {
  /** the whole text of the secret, `whsec_` included */
  text: KeyObject
  /** the bytes that the base64 text after `whsec_` encodes */
  bytes: KeyObject
}

/** @param secret `whsec_...` in plain text */
export const signingKeys = (secret: string): SigningKeys => ({
  text: createSecretKey(secret, 'utf8'),
  bytes: createSecretKey(secret.replace(/^whsec_/, ''), 'base64'),
})

/** How many secrets are cached at most: enough for those of a few thousand endpoints, about 6 MB. */
const CACHED_MAX = 10_000

interface Cached extends SigningKeys {
  /** of the secret */
  id: string
}

/**
 * Decrypts stored secrets, and caches their keys, so that a send does not have to decrypt. The cache has two halves: when the
 * newer one is full, it becomes the older one, and what the older one held is forgotten unless it was used meanwhile.
 */
export class SigningKeyCache {
  /** by sealed text, which no two secrets share */
  #newer = new Map<string, Cached>()
  #older = new Map<string, Cached>()

  constructor(private readonly keyring: Keyring) {}

  /**
   * @param sealedBase64 the stored bytes in base64, with or without line breaks
   * @throws Error when the keyring lacks the key, or when the text belongs to another secret
   */
  keysOf(id: string, sealedBase64: string): SigningKeys {
    const known = this.#newer.get(sealedBase64)
    if (known?.id === id) return known
    const older = this.#older.get(sealedBase64)
    const keys = older?.id === id ? older : this.#decrypt(id, sealedBase64)
    if (this.#newer.size >= CACHED_MAX / 2) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(sealedBase64, keys)
    return keys
  }

  #decrypt(id: string, sealedBase64: string): Cached {
    return { id, ...signingKeys(this.keyring.open(Buffer.from(sealedBase64, 'base64'), id)) }
  }
}
