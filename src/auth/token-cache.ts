import type { JWTPayload } from 'jose'

/** How long a verified token stays valid after the identity provider withdraws its key. */
const CACHE_MS = 60_000
/** At most 2 MB or so. A gateway has few callers, and each sends the same token again and again. */
const CACHED_TOKENS_MAX = 1_000

/**
 * Wraps a token verifier so that it checks the signature of a token once a minute: each check costs a sixth of a
 * PATCH. The cache drops a token when it expires or when the clock is set back. It never holds a token that failed.
 *
 * @param now Unix time in milliseconds
 */
export function withTokenCache(
  verify: (token: string) => Promise<JWTPayload>,
  now: () => number = Date.now,
): (token: string) => Promise<JWTPayload> {
  const cache = new Map<string, { payload: JWTPayload; from: number; until: number }>()
  return async (token) => {
    const cached = cache.get(token)
    const time = now()
    if (cached !== undefined && cached.from <= time && time < cached.until) return cached.payload
    cache.delete(token)
    const payload = await verify(token)
    const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1_000
    const from = now()
    cache.set(token, { payload, from, until: Math.min(expiresAt, from + CACHE_MS) })
    // A map iterates in the order of insertion.
    const [oldest = ''] = cache.keys()
    if (cache.size > CACHED_TOKENS_MAX) cache.delete(oldest)
    return payload
  }
}
