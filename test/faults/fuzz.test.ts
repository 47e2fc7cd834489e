import fc from 'fast-check'
import { graphqlEndpointRequests } from '../support/fuzz/graphql/endpoint-requests'
import { graphqlEventRequests } from '../support/fuzz/graphql/event-requests'
import { unpredictedGraphqlRequests } from '../support/fuzz/graphql/unpredicted-requests'
import { type RequestKind, stepOf } from '../support/fuzz/model/request-kind'
import { OutcomeCounts } from '../support/fuzz/outcome-counts'
import { RequestSequence } from '../support/fuzz/request-sequence'
import { restEndpointRequests } from '../support/fuzz/rest/endpoint-requests'
import { restEventRequests } from '../support/fuzz/rest/event-requests'
import { restListRequests } from '../support/fuzz/rest/list-requests'
import { unpredictedRestRequests } from '../support/fuzz/rest/unpredicted-requests'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { probeHealth } from '../support/health-probe'
import { residentMb, sample } from '../support/process-stats'
import { report } from '../support/report'
import { openWire, type Wire } from '../support/wire'

/** The number of requests in all; `npm run test:long` sets 100,000. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000)
/** The number of requests that may be added after a failure, to find the smallest sequence that fails. */
const SHRINK_REQUESTS = 5_000
const MAX_STEPS = 60
/** The long form alone has these limits: in a short run, the start of the process weighs more. */
const IS_LONG = REQUESTS >= 100_000
const RSS_MAX_MB = 500
const HEALTH_MAX_MS = 250
/** A busy machine needs far less than 50 ms per request. */
jest.setTimeout(120_000 + (REQUESTS + SHRINK_REQUESTS) * 50)

const KINDS: RequestKind[] = [
  ...restEndpointRequests,
  ...restListRequests,
  ...restEventRequests,
  ...graphqlEndpointRequests,
  ...graphqlEventRequests,
  ...unpredictedGraphqlRequests,
  ...unpredictedRestRequests,
]
/** Most sequences start with these, so that the other requests find endpoints and events. */
const CREATIONS = KINDS.filter(({ name }) =>
  /^(POST endpoint\/|createWebhookEndpoint|POST event\/)$/.test(name),
)

let gateway: TestGateway
let wire: Wire

beforeAll(async () => {
  // The role `api` does not deliver, so that no published event leaves the process.
  gateway = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'error' })
  wire = openWire(gateway.url)
})
afterAll(async () => {
  wire?.close()
  await gateway?.stop()
})

it('answers any REST or GraphQL request in the documented form, and changes exactly what the request says', async () => {
  const counts = new OutcomeCounts()
  const memory = sample(() => residentMb(gateway.process.pid ?? 0))
  const health = probeHealth(gateway.url)
  const sequence = fc
    .tuple(
      fc.array(stepOf(CREATIONS), { maxLength: 6 }),
      fc.array(stepOf(KINDS), { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
    )
    .map(([creations, others]) => [...creations, ...others])
  let limit = REQUESTS
  let sequences = 0
  const property = fc.asyncProperty(sequence, async (steps) => {
    if (counts.total >= limit) return
    sequences += 1
    try {
      await new RequestSequence({ gateway, wire, counts, kinds: KINDS }, `key ${sequences}`).run(steps)
    } catch (error) {
      if (limit === REQUESTS) limit = counts.total + SHRINK_REQUESTS
      throw error
    }
  })
  try {
    await fc.assert(property, { numRuns: REQUESTS, includeErrorInReport: true })
  } finally {
    counts.print()
    memory.end()
  }
  const [peakMb, slowestMs] = [Math.max(...memory.values), await health.end()]
  report(`RSS ${peakMb.toFixed()} MB at most; /healthz ${slowestMs.toFixed()} ms at most`)
  if (IS_LONG) {
    expect(peakMb).toBeLessThan(RSS_MAX_MB)
    expect(slowestMs).toBeLessThan(HEALTH_MAX_MS)
  }
  expect(counts.total).toBeGreaterThanOrEqual(REQUESTS)
  expect(gateway.output()).not.toContain('internal error')
})
