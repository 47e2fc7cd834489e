import type { Verified, VerifyToken } from './verify-token'

/** A gateway has few callers, and each sends the same token again and again. */
const CACHED_TOKENS_MAX = 1_000
/** Of all cached tokens together: 4 MB at most. A token of some identity providers has 10,000. */
const CACHED_CHARACTERS_MAX = 2_000_000

/** Like VerifyToken, but without a promise for a token whose last result may be used again, which is true of nearly all requests. */
export type VerifyAgain = (token: string) => Verified | Promise<Verified>

/**
 * Wraps a token verifier so that a token is checked again only when the result of the last check has run out: each check
 * costs a sixth of a PATCH. The cache drops a result when the clock is set back. It never holds a token that failed.
 *
 * @param now Unix time in milliseconds
 */
export function withTokenCache(verify: VerifyToken, now: () => number = Date.now): VerifyAgain {
  const cache = new Map<string, Verified & { from: number }>()
  let characters = 0

  function drop(token: string): void {
    if (cache.delete(token)) characters -= token.length
  }

  async function verifyAndKeep(token: string): Promise<Verified> {
    drop(token)
    const verified = await verify(token)
    // Another request may have verified the same token meanwhile.
    drop(token)
    cache.set(token, { ...verified, from: now() })
    characters += token.length
    // A map iterates in the order of insertion.
    for (const oldest of cache.keys()) {
      if (cache.size <= CACHED_TOKENS_MAX && characters <= CACHED_CHARACTERS_MAX) break
      drop(oldest)
    }
    return verified
  }

  return (token) => {
    const cached = cache.get(token)
    const time = now()
    return cached !== undefined && cached.from <= time && time < cached.until ? cached : verifyAndKeep(token)
  }
}
