import { randomBytes } from 'node:crypto'

/**
 * A new signing secret: `whsec_` and 32 random bytes in base64, the form that the Standard Webhooks specification
 * asks for (24 to 64 bytes).
 */
export const generateSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
