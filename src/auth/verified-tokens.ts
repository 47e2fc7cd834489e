import type { JWTPayload } from 'jose'

/** How long a verified token is taken at its word: a key that an identity provider withdraws counts until then. */
const REMEMBER_MS = 60_000
/** Callers that come again and again are few; some 2 MB at most. */
const REMEMBERED_MAX = 1_000

/**
 * Verifies a token that was verified lately by looking it up: checking a signature costs as much as a sixth of a
 * patch. A token is never remembered past its own expiry, nor when the clock was set back since, and one that was refused
 * is not remembered at all.
 *
 * @param now Unix time in milliseconds
 */
export function cachingVerified(
  verify: (token: string) => Promise<JWTPayload>,
  now: () => number = Date.now,
): (token: string) => Promise<JWTPayload> {
  const remembered = new Map<string, { payload: JWTPayload; since: number; until: number }>()
  return async (token) => {
    const known = remembered.get(token)
    const asked = now()
    if (known !== undefined && known.since <= asked && asked < known.until) return known.payload
    remembered.delete(token)
    const payload = await verify(token)
    const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1_000
    const since = now()
    remembered.set(token, { payload, since, until: Math.min(expiresAt, since + REMEMBER_MS) })
    const [oldest = ''] = remembered.keys()
    if (remembered.size > REMEMBERED_MAX) remembered.delete(oldest)
    return payload
  }
}
