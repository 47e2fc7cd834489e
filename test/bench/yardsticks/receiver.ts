import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { serving } from './serving'

/** What the receiver has got since it was last asked. Instants are nanoseconds of this machine's monotonic clock. */
export interface Receipts {
  count: number
  /** how many it had got before: the same webhook-id at the same path */
  duplicates: number
  firstAt: string
  lastAt: string
  /** the first one, to be looked at */
  sample: { path: string; headers: IncomingHttpHeaders; body: string } | undefined
  /** by webhook-id; only of the first thousand */
  arrivals: Record<string, string>
}

const ARRIVALS_MAX = 1_000

/** `receiver`: takes every webhook, says thank you, and counts. Told anything at all, it reports and starts anew. */
let seen = new Set<string>()
let arrivals: Record<string, string> = {}
let count = 0
let firstAt = 0n
let lastAt = 0n
let sample: Receipts['sample']

const server = createServer((request, response) => {
  const isSample = count === 0
  lastAt = process.hrtime.bigint()
  if (isSample) firstAt = lastAt
  count += 1
  const id = String(request.headers['webhook-id'])
  seen.add(`${request.url} ${id}`)
  if (count <= ARRIVALS_MAX) arrivals[id] = String(lastAt)
  if (isSample) keep(request)
  else request.resume()
  request.on('end', () => response.writeHead(200, { 'content-type': 'text/plain' }).end('thank you'))
})
// The gateway and the loop keep connections for a while; neither is to meet one that was just closed.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => serving(server))

function keep(request: IncomingMessage): void {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    sample = { path: request.url ?? '', headers: request.headers, body }
  })
}

process.on('message', () => {
  const receipts: Receipts = {
    count,
    duplicates: count - seen.size,
    firstAt: String(firstAt),
    lastAt: String(lastAt),
    sample,
    arrivals,
  }
  process.send?.(receipts)
  seen = new Set()
  arrivals = {}
  count = 0
  sample = undefined
})
