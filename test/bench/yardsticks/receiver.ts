import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { serving } from './serving'

/** Everything received since the last report. Instants are nanoseconds of this machine's monotonic clock. */
export interface Receipts {
  count: number
  /** requests that repeat a webhook-id at the same path */
  duplicates: number
  firstAt: string
  lastAt: string
  /** the first request, for a check */
  sample: Sample | undefined
  /** instants by webhook-id; only of the first thousand */
  arrivals: Record<string, string>
}

export interface Sample {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** `receipts` reports everything and empties the list; `count` reports the number alone and changes nothing. */
export type ReceiverRequest = 'receipts' | 'count'

const ARRIVALS_MAX = 1_000

/** The answer's body, and how long it takes. */
const ANSWER = 'thank you'.padEnd(Number(process.env.ANSWER_BYTES ?? 0), '.')
const ANSWER_AFTER_MS = Number(process.env.ANSWER_AFTER_MS ?? 0)

/** `receiver`: answers every webhook with 200 and counts them. */
let seen = new Set<string>()
let arrivals: Record<string, string> = {}
let count = 0
let firstAt = 0n
let lastAt = 0n
let sample: Sample | undefined

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
  request.on('end', () => {
    if (ANSWER_AFTER_MS === 0) answer(response)
    else setTimeout(answer, ANSWER_AFTER_MS, response)
  })
})
// Longer than the senders keep idle connections, so that no request meets a connection that is being closed.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => serving(server))

const answer = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/plain' }).end(ANSWER)

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

process.on('message', (request: ReceiverRequest) => {
  if (request === 'count') {
    process.send?.(count)
    return
  }
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
