import type { Receiver } from './world'

const LATENCY_MS = 20

const taken = { afterMs: LATENCY_MS, end: 'accepted' } as const
const busy = (retryAfterMs: number | null) => ({ afterMs: LATENCY_MS, end: 'busy', retryAfterMs }) as const

/** Allows `perSecond` requests a second, and `burst` at once after a pause. */
export function tokenBucket(
  perSecond: number | ((now: number) => number),
  { burst, retryAfterMs = 1_000 }: { burst: number; retryAfterMs?: number | null },
): Receiver {
  const rate = typeof perSecond === 'number' ? () => perSecond : perSecond
  let tokens = burst
  let filledAt = 0
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1_000) * rate(now))
    filledAt = now
    if (tokens < 1 - 1e-9) return busy(retryAfterMs)
    tokens -= 1
    return taken
  }
}

/** Allows `most` requests in each window, which starts at a multiple of its length. Retry-After may say when the next one starts. */
export function fixedWindow(
  most: number,
  windowMs: number,
  retryAfter: 'honest' | 'none' | number,
): Receiver {
  let window = -1
  let count = 0
  return (now) => {
    const current = Math.floor(now / windowMs)
    if (current !== window) count = 0
    window = current
    count += 1
    if (count <= most) return taken
    if (retryAfter === 'honest') return busy((current + 1) * windowMs - now + 1)
    return busy(retryAfter === 'none' ? null : retryAfter)
  }
}

/** Allows `most` requests within any time of this length. */
export function slidingWindow(most: number, windowMs: number): Receiver {
  const times: number[] = []
  return (now) => {
    while (times[0] !== undefined && times[0] <= now - windowMs) times.shift()
    if (times.length >= most) return busy(1_000)
    times.push(now)
    return taken
  }
}
