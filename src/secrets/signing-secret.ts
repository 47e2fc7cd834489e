import { randomBytes, randomUUID } from 'node:crypto'
import type { Keyring } from './keyring'

/**
 * A new signing secret: `whsec_` and 32 random bytes in base64, the form that the Standard Webhooks specification
 * asks for (24 to 64 bytes).
 */
export const generateSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** A signing secret as it is stored. Its id is the context of its seal: it opens in no other row. */
export interface SecretRow {
  id: string
  sealed: Uint8Array<ArrayBuffer>
}

/** A new signing secret, sealed for a row of its own. */
export function newSecretRow(keyring: Keyring): SecretRow {
  const id = randomUUID()
  return { id, sealed: new Uint8Array(keyring.seal(generateSecret(), id)) }
}
