import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { atEnd } from '../support/leftovers'
import { residentMb, sample, trendOf } from '../support/process-stats'
import { report } from '../support/report'
import { until } from '../support/until'

/** The most sends of a process at a time: ten to each endpoint. */
const ENDPOINTS = 20
const SENDS = 200
const EVENTS = 100
/** So many requests are answered before a receiver becomes hostile: one that always was gets few sends at a time. */
const GOOD_ANSWERS = 1_000
const GOOD_ANSWER_AFTER_MS = 50
/** How many sends must be in flight when that happens. */
const LEAST_OPEN = 150
/** Long enough for every send to time out and be retried several times. */
const WATCHED_MS = 15_000
const ALLOWED_GROWTH = 1.2

interface HostileReceiver {
  url: string
  /** hostile answers that have no end yet */
  open(): number
  /** the most that were open at once, and all that ever came */
  peak(): number
  count(): number
}

async function startHostileReceiver(answer: RequestListener): Promise<HostileReceiver> {
  let [open, peak, count] = [0, 0, 0]
  const server = createServer((request, response) => {
    count += 1
    request.resume()
    if (count <= GOOD_ANSWERS) {
      setTimeout(() => response.end(), GOOD_ANSWER_AFTER_MS)
      return
    }
    open += 1
    peak = Math.max(peak, open)
    response.once('close', () => {
      open -= 1
    })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, open: () => open, peak: () => peak, count: () => count }
}

const neverAnswer: RequestListener = () => undefined

/** Writes without end, as fast as the body is read. Other work of this process runs between two chunks. */
const floodBody: RequestListener = (_request, response) => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  response.writeHead(500, { 'content-type': 'text/plain' })
  const write = () => {
    if (response.destroyed) return
    if (response.write(chunk)) setImmediate(write)
    else response.once('drain', write)
  }
  write()
}

/** Writes without end, one byte at a time. */
const dripBody: RequestListener = (_request, response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write('x'), 100)
  response.once('close', () => clearInterval(timer))
}

let gateway: TestGateway

beforeAll(async () => {
  // Short timeouts and waits: the same deliveries are sent several times.
  const env = {
    HOOKGATE_SEND_TIMEOUT_MS: '3000',
    HOOKGATE_RETRY_SCHEDULE: Array(50).fill(1).join(),
    HOOKGATE_HOST_CONCURRENCY: String(SENDS),
    LOG_LEVEL: 'error',
  }
  gateway = await startTestGateway(env)
})
afterAll(() => gateway?.stop())

describe('with up to 200 sends in flight, memory stays flat while receivers', () => {
  it.each([
    ['never answer', 'post.created', neverAnswer, LEAST_OPEN],
    ['drip their answers', 'post.updated', dripBody, LEAST_OPEN],
    // A flood is cut off after 64 KiB: how many are open at once is up to the gateway's speed.
    ['answer without end', 'post.deleted', floodBody, 1],
  ])('%s', async (what, type, answer, leastOpen) => {
    const receiver = await startHostileReceiver(answer)
    const ids: number[] = []
    for (let nth = 0; nth < ENDPOINTS; nth += 1) {
      ids.push((await gateway.createEndpoint({ target: `${receiver.url}${nth}`, events: [{ type }] })).id)
    }
    for (let nth = 0; nth < EVENTS; nth += 1) {
      expect((await gateway.rest('POST', 'event/', { json: { type, data: nth } })).status).toBe(201)
    }
    await until(() => receiver.peak() >= leastOpen)
    const samples = sample(() => residentMb(gateway.process.pid ?? 0))
    await sleep(WATCHED_MS)
    samples.end()
    const { middle, last, peak } = trendOf(samples.values)
    report(
      `${what}: ${receiver.count()} sends, ${receiver.peak()} at once; RSS ${middle.toFixed()} MB, then ${last.toFixed()} MB, at most ${peak.toFixed()} MB`,
    )
    expect(last).toBeLessThanOrEqual(middle * ALLOWED_GROWTH)
    expect(receiver.count()).toBeGreaterThan(GOOD_ANSWERS + SENDS)
    for (const id of ids) expect((await gateway.rest('DELETE', `endpoint/${id}/`)).status).toBe(204)
    // No request is left for the next test.
    await until(() => receiver.open() === 0)
  })
})
