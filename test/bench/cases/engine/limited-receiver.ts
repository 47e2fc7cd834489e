import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from '../../teardown'

/** What one path of the receiver has got. Instants are milliseconds of this process's clock. */
export interface LimitedReceipts {
  /** instants of the requests that were answered with 200 */
  accepted: number[]
  /** requests that were answered with 429 */
  refused: number
}

export interface LimitedReceiver {
  url: string
  receipts(path: string): LimitedReceipts
}

/** The tokens of a path that nothing has come to for a while. */
const BURST = 2

interface Bucket extends LimitedReceipts {
  tokens: number
  filledAt: number
}

/** Starts a receiver that takes so many requests a second on each path, and refuses the others with 429 and `Retry-After: 1`. */
export async function startLimitedReceiver(teardown: Teardown, perSecond: number): Promise<LimitedReceiver> {
  const buckets = new Map<string, Bucket>()
  const bucketOf = (path: string) => {
    const bucket = buckets.get(path) ?? {
      accepted: [],
      refused: 0,
      tokens: BURST,
      filledAt: performance.now(),
    }
    buckets.set(path, bucket)
    return bucket
  }
  const server = createServer((request, response) => {
    const bucket = bucketOf(request.url ?? '')
    const now = performance.now()
    bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.filledAt) / 1_000) * perSecond)
    bucket.filledAt = now
    const isAccepted = bucket.tokens >= 1
    if (isAccepted) {
      bucket.tokens -= 1
      bucket.accepted.push(now)
    } else bucket.refused += 1
    request.resume()
    request.on('end', () => {
      if (isAccepted) response.writeHead(200).end()
      else response.writeHead(429, { 'retry-after': '1' }).end()
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  teardown.add(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, receipts: bucketOf }
}
