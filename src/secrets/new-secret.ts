import { randomBytes, randomUUID } from 'node:crypto'
import type { Keyring } from './keyring'

/**
 * A new signing secret: `whsec_` and 32 random bytes in base64, in the form that the Standard Webhooks specification
 * requires (24 to 64 bytes).
 */
export const generateSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** A stored signing secret. Its id is the context of its seal, so the sealed text opens in no other row. */
export interface SecretRow {
  id: string
  sealed: Uint8Array<ArrayBuffer>
}

/** A new signing secret, sealed for a new row. */
export function newSecretRow(keyring: Keyring): SecretRow {
  const id = randomUUID()
  return { id, sealed: new Uint8Array(keyring.seal(generateSecret(), id)) }
}
