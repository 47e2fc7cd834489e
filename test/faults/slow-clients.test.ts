import { setTimeout as sleep } from 'node:timers/promises'
import { LIST } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { probeHealth } from '../support/health-probe'
import { residentMb } from '../support/process-stats'
import { connectRaw, post, postHead, type RawClient } from '../support/raw-client'
import { report } from '../support/report'

const PUBLISHER = `Authorization: Bearer ${tokenFor({ role: 'publisher', sub: 'slow' })}`
const DRIP_MS = 10_000
const CLOSED_WITHIN_MS = 60_000

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ LOG_LEVEL: 'error' })
})
afterAll(() => gateway?.stop())

/** Writes one byte every 10 s until the connection ends. Resolves with the time until then, in ms. */
async function drip(client: RawClient, text: string): Promise<number> {
  const startedAt = Date.now()
  client.read()
  let at = 0
  const timer = setInterval(() => client.socket.write(text[at++ % text.length] ?? ''), DRIP_MS)
  await client.closed
  clearInterval(timer)
  return Date.now() - startedAt
}

it('clients that send a byte every 10 s lose their connections within a minute', async () => {
  const body = '{"type": "post.created", "data": {}}'
  const clients = Array.from({ length: 60 }, (_, nth) => {
    const client = connectRaw(gateway.url)
    // A body, the middle of the headers, nothing at all.
    if (nth % 3 === 0) {
      client.socket.write(postHead('/api/v2/webhook/event/', [PUBLISHER, `Content-Length: ${body.length}`]))
      return drip(client, body)
    }
    if (nth % 3 === 1) client.socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\n${PUBLISHER}\r\n`)
    return drip(client, nth % 3 === 1 ? `X-Header: ${'x'.repeat(100)}` : 'POST / HTTP/1.1')
  })
  const times = await Promise.all(clients)
  report(`closed after ${Math.min(...times) / 1000} to ${Math.max(...times) / 1000} s`)
  expect(Math.max(...times)).toBeLessThan(CLOSED_WITHIN_MS)
})

it('3,000 idle connections keep nobody out, and need little memory', async () => {
  const pid = gateway.process.pid ?? 0
  const before = residentMb(pid)
  const idle: RawClient[] = []
  for (let nth = 0; nth < 3_000; nth += 1) {
    idle.push(connectRaw(gateway.url))
    // The backlog of the listening socket is limited.
    if (nth % 100 === 99) await sleep(50)
  }
  for (let nth = 0; nth < 20; nth += 1) {
    const headers = { connection: 'close' }
    expect((await fetch(`${gateway.url}/healthz`, { headers })).status).toBe(200)
    expect((await gateway.gql(LIST)).errors).toBeUndefined()
  }
  const growth = residentMb(pid) - before
  report(`3,000 idle connections: ${growth.toFixed()} MB more`)
  expect(growth).toBeLessThan(100)
  for (const { socket } of idle) socket.destroy()
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
})

it('a costly query that is allowed leaves the gateway responsive', async () => {
  const { id } = await gateway.createEndpoint({ is_active: false })
  for (let nth = 0; nth < 100; nth += 1) {
    await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: { nth } } })
  }
  const query = `query ($id: ID!) { webhookAttemptPage(endpointId: $id, limit: 20) {
    nodes { event { deliveries { nodes { endpoint { events { type } } } } } }
  } }`
  const health = probeHealth(gateway.url)
  const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.gql(query, { id })))
  report(`/healthz beside 20 costly queries: ${(await health.end()).toFixed()} ms at most`)
  for (const { errors } of answers) expect(errors).toBeUndefined()
})

it('an answer that is complete is not held back by requests behind it', async () => {
  const client = connectRaw(gateway.url)
  client.read()
  client.socket.write(post('/graphql', '{"query": "{ __typename }"}').repeat(5))
  while (client.received().split('"__typename":"Query"').length < 6) await sleep(10)
  client.socket.destroy()
})
