import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/**
 * Seals texts for storage with AES-256-GCM and opens them again. Layout of a sealed text, in bytes:
 * format (1), key id (8), nonce (12), tag (16), ciphertext.
 *
 * The key id names the key that opens the text, so an operator rotates keys by putting a new one in front.
 */
export interface Keyring {
  /** @param context the owner of the text, such as a row id; a sealed text opens under the same context only */
  seal(plain: string, context: string): Buffer
  /** @throws Error when the keyring lacks the key, or when the text or its context was changed */
  open(sealed: Uint8Array, context: string): string
}

const FORMAT = 1
const HEADER_BYTES = 9
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Reads one key of HOOKGATE_ENCRYPTION_KEY.
 *
 * @throws Error that does not repeat the text
 */
export function parseEncryptionKey(text: string): Buffer {
  const key = Buffer.from(text, 'base64')
  // Buffer ignores characters that are not base64. 32 bytes take 43 characters, and usually one `=`.
  if (key.length !== 32 || !/^[\w+/-]{43}=?$/.test(text))
    throw new Error('must be 32 bytes in base64, or a comma list of such keys')
  return key
}

/**
 * @param keys 32 bytes each; the first one seals, all of them open
 * @throws Error without a key
 */
export function keyring(keys: Buffer[]): Keyring {
  const [current] = keys
  if (current === undefined) throw new Error('A keyring needs a key')
  const byId = new Map(keys.map((key) => [keyId(key).toString('hex'), key]))

  return {
    seal(plain, context) {
      const header = Buffer.concat([Buffer.from([FORMAT]), keyId(current)])
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', current, nonce).setAAD(bound(header, context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([header, nonce, cipher.getAuthTag(), body])
    },

    open(sealed, context) {
      const bytes = Buffer.from(sealed)
      const header = bytes.subarray(0, HEADER_BYTES)
      const key = byId.get(header.subarray(1).toString('hex'))
      if (header[0] !== FORMAT || key === undefined) {
        throw new Error('A stored secret is sealed with a key that HOOKGATE_ENCRYPTION_KEY does not hold')
      }
      const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
      const tag = bytes.subarray(HEADER_BYTES + NONCE_BYTES, HEADER_BYTES + NONCE_BYTES + TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(bound(header, context))
        .setAuthTag(tag)
      const body = bytes.subarray(HEADER_BYTES + NONCE_BYTES + TAG_BYTES)
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
    },
  }
}

/** A name of a key that reveals nothing of the key. */
const keyId = (key: Buffer) =>
  createHash('sha256').update('hookgate key id').update(key).digest().subarray(0, 8)

const bound = (header: Buffer, context: string) => Buffer.concat([header, Buffer.from(context)])
