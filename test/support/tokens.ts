import { createHmac, type KeyObject, sign } from 'node:crypto'

type Claims = Record<string, unknown>

/** Signs the first two parts of a token in their encoded form. */
type Signer = (input: Buffer) => Buffer

const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url')

/** Seconds since 1970, this far from now. */
export const fromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

export const HOUR = 3600

/** A token with any header: libraries refuse to create bad ones. */
export function handmadeToken(header: Claims, claims: Claims, signer: Signer): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`
}

/** Signed with a shared secret; `alg` is HS256, HS384 or HS512. */
export const hmacToken = (claims: Claims, secret: string, alg = 'HS256', header: Claims = {}) =>
  handmadeToken({ alg, typ: 'JWT', ...header }, claims, (input) =>
    createHmac(`sha${alg.slice(2)}`, secret)
      .update(input)
      .digest(),
  )

/** With no signature at all. */
export const unsignedToken = (claims: Claims, alg = 'none') =>
  handmadeToken({ alg, typ: 'JWT' }, claims, () => Buffer.alloc(0))

/** Signed with a private key by the algorithm for its kind: RS256, ES256 or EdDSA. */
export function keyToken(claims: Claims, privateKey: KeyObject, header: Claims = {}): string {
  const { alg, hash } = signatureOf(privateKey)
  const signer: Signer = (input) => sign(hash, input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return handmadeToken({ alg, typ: 'JWT', ...header }, claims, signer)
}

function signatureOf({ asymmetricKeyType: kind }: KeyObject): { alg: string; hash: string | null } {
  if (kind === 'rsa') return { alg: 'RS256', hash: 'sha256' }
  if (kind === 'ec') return { alg: 'ES256', hash: 'sha256' }
  return { alg: 'EdDSA', hash: null }
}
