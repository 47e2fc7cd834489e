import { setTimeout as sleep } from 'node:timers/promises'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { residentMb, sample } from '../support/process-stats'
import { connectRaw, post, type RawClient } from '../support/raw-client'
import { report } from '../support/report'
import { until } from '../support/until'

const SOCKETS = 200
const ALLOWED_GROWTH_MB = 50
/** Node reads up to 64 KiB of requests from a socket at once: hundreds, garbage at the next collection. */
const ALLOWED_GROWTH_IN_A_ROW_MB = 200
const WATCHED_MS = 6_000

const large = 'x'.repeat(240_000)
const BAD_TOKEN = ['Authorization: Bearer x.y.z']
const AS_PUBLISHER = [`Authorization: Bearer ${tokenFor({ role: 'publisher', sub: 'p' })}`]

/** Variables of a wrong type: an error for each, and each error repeats the value. */
const unfit = JSON.stringify({
  query: 'query ($n: Int) { __typename }',
  variables: { n: large },
})
const manyUnfit = JSON.stringify({
  query: 'mutation ($input: WebhookEndpointInput!) { createWebhookEndpoint(input: $input) { id } }',
  variables: { input: { target: [large.slice(0, 100_000)], events: Array(20_000).fill(1) } },
})
/** 15 KiB of the most objects that a request without a token may request. */
const introspection = JSON.stringify({
  query: `{ ${Array.from({ length: 15 }, (_, nth) => `a${nth}: __schema { types { ...F } }`).join(' ')} }
    fragment F on __Type { name description fields { name description type { name description } } }`,
})
const smallUnfit = JSON.stringify({
  query: `query (${Array.from({ length: 60 }, (_, nth) => `$v${nth}: Int`).join(' ')}) { __typename }`,
  variables: Object.fromEntries(Array.from({ length: 60 }, (_, nth) => [`v${nth}`, 'x'.repeat(200)])),
})

const REQUESTS: [what: string, request: string, allowedMb?: number][] = [
  ['large variables without a token', post('/graphql', unfit)],
  ['many wrong variables without a token', post('/graphql', manyUnfit)],
  ['many small wrong variables without a token', post('/graphql', smallUnfit)],
  ['introspection without a token', post('/graphql', introspection)],
  ['large variables with a bad token', post('/graphql', unfit, BAD_TOKEN)],
  ['a large body without a token by REST', post('/api/v2/webhook/endpoint/', manyUnfit)],
  ['a large body to an address that does not exist', post('/nothing', manyUnfit)],
  [
    '500 small requests in a row with a bad token',
    post('/graphql', '{}', BAD_TOKEN).repeat(500),
    ALLOWED_GROWTH_IN_A_ROW_MB,
  ],
  ['500 introspections in a row', post('/graphql', introspection).repeat(500), ALLOWED_GROWTH_IN_A_ROW_MB],
  ['wrong variables of a publisher', post('/graphql', manyUnfit, AS_PUBLISHER)],
]

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'error' })
  // Code is compiled and the heap has its size before the measurement.
  for (let nth = 0; nth < 300; nth += 1) await gateway.gql('{ webhookEndpoints { totalCount } }')
  for (let nth = 0; nth < 5; nth += 1) await fetchAnswer(introspection)
})
afterEach(() => gateway?.stop())

async function fetchAnswer(body: string): Promise<number> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return (await response.text()).length
}

describe(`${SOCKETS} clients that never read their answers need little memory:`, () => {
  it.each(REQUESTS.map(([what, ...rest]) => [what, rest] as const))(
    '%s',
    async (what, [request, allowedMb = ALLOWED_GROWTH_MB]) => {
      const pid = gateway.process.pid ?? 0
      const before = residentMb(pid)
      const memory = sample(() => residentMb(pid), 50)
      const clients: RawClient[] = Array.from({ length: SOCKETS }, () => connectRaw(gateway.url))
      for (const { socket } of clients) socket.write(request)
      await sleep(WATCHED_MS)
      memory.end()
      const peak = Math.max(...memory.values)
      report(`${what}: RSS ${before.toFixed()} MB, at most ${peak.toFixed()} MB`)
      // While the gateway works off what it has read, an answer is late and a connection may be reset.
      const isHealthy = () =>
        fetch(`${gateway.url}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        )
      await until(isHealthy)
      expect(peak - before).toBeLessThan(allowedMb)
      for (const { socket } of clients) socket.destroy()
    },
  )
})
