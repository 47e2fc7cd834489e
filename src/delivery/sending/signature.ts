import { createHmac, type KeyObject } from 'node:crypto'
import type { SigningKeys } from '../../secrets/signing-keys'

export interface SignedHeadersOptions {
  /** name of the documented signature header */
  headerName: string
  /** of the live ones, newest first; at least one */
  secrets: SigningKeys[]
  eventId: number | bigint | string
  /** time of the send: Unix time in whole seconds */
  timestampSeconds: number
  /** exactly the bytes of the request */
  body: Buffer | string
}

/** Every header that a receiver can verify a delivery with: the documented one and those of Standard Webhooks. */
export function signedHeaders({
  headerName,
  secrets,
  eventId,
  timestampSeconds,
  body,
}: SignedHeadersOptions): Record<string, string> {
  const id = `evt_${eventId}`
  return {
    [headerName]: documentedSignature(secrets, timestampSeconds, body),
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': standardSignatures(secrets, id, timestampSeconds, body),
  }
}

/**
 * `t=<seconds>,v1=<hex>[,v1=<hex>]`, one v1 per secret in the given order: HMAC-SHA256 over `<t>.<body>`, keyed with the whole
 * text of the secret, `whsec_` included. This is Stripe's scheme (docs.stripe.com/webhooks, "Verify webhook signatures
 * manually"), which SelfCommunity's documentation of webhooks prescribes.
 */
export function documentedSignature(
  secrets: SigningKeys[],
  timestampSeconds: number,
  body: Buffer | string,
): string {
  let header = `t=${timestampSeconds}`
  for (const { text } of secrets) header += `,v1=${hmac(text, `${timestampSeconds}.`, body, 'hex')}`
  return header
}

/**
 * `v1,<base64>[ v1,<base64>]`, the webhook-signature header of Standard Webhooks (github.com/standard-webhooks,
 * spec/standard-webhooks.md, "Webhook Headers"): HMAC-SHA256 over `<id>.<timestamp>.<body>`, keyed with the bytes
 * that the base64 text after `whsec_` encodes.
 *
 * @param id the webhook-id header, the same on every retry
 */
export function standardSignatures(
  secrets: SigningKeys[],
  id: string,
  timestampSeconds: number,
  body: Buffer | string,
): string {
  const signatures = secrets.map(
    ({ bytes }) => `v1,${hmac(bytes, `${id}.${timestampSeconds}.`, body, 'base64')}`,
  )
  return signatures.join(' ')
}

/** Hashes text in one piece, because each piece costs one call into OpenSSL. */
function hmac(key: KeyObject, prefix: string, body: Buffer | string, encoding: 'hex' | 'base64'): string {
  const hash = createHmac('sha256', key)
  if (typeof body === 'string') hash.update(prefix + body)
  else hash.update(prefix).update(body)
  return hash.digest(encoding)
}
