import fc from 'fast-check'
import { type Action, stepOf } from '../support/fuzz/action'
import { graphqlEndpointActions } from '../support/fuzz/graphql-endpoint-actions'
import { graphqlEventActions } from '../support/fuzz/graphql-event-actions'
import { restEndpointActions } from '../support/fuzz/rest-endpoint-actions'
import { restEventActions } from '../support/fuzz/rest-event-actions'
import { restListActions } from '../support/fuzz/rest-list-actions'
import { Session } from '../support/fuzz/session'
import { Tally } from '../support/fuzz/tally'
import { wildActions } from '../support/fuzz/wild-actions'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { openWire, type Wire } from '../support/wire'

/** How many requests are sent in all; `npm run test:long` sets 100,000. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000)
/** How many more a failure may cost, to find its smallest form. */
const TO_SHRINK = 5_000
const STEPS = 60
/** Far more than a machine that is busy with other things needs. */
jest.setTimeout(120_000 + (REQUESTS + TO_SHRINK) * 50)

const ACTIONS: Action[] = [
  ...restEndpointActions,
  ...restListActions,
  ...restEventActions,
  ...graphqlEndpointActions,
  ...graphqlEventActions,
  ...wildActions,
]
const CREATIONS = ACTIONS.filter(({ name }) =>
  /^(POST endpoint\/|createWebhookEndpoint|POST event\/)$/.test(name),
)

let gateway: TestGateway
let wire: Wire

beforeAll(async () => {
  // Nothing that is published leaves a process that does not deliver.
  gateway = await startTestGateway({ HOOKGATE_ROLES: 'api', LOG_LEVEL: 'error' })
  wire = openWire(gateway.url)
})
afterAll(async () => {
  wire?.close()
  await gateway?.stop()
})

it('every request to REST or GraphQL gets a well-formed answer, and changes only what it should', async () => {
  const tally = new Tally()
  const steps = fc
    .tuple(
      fc.array(stepOf(CREATIONS), { maxLength: 6 }),
      fc.array(stepOf(ACTIONS), { minLength: 1, maxLength: STEPS, size: 'max' }),
    )
    .map(([creations, others]) => [...creations, ...others])
  let limit = REQUESTS
  let sessions = 0
  const property = fc.asyncProperty(steps, async (taken) => {
    if (tally.count >= limit) return
    sessions += 1
    try {
      await new Session({ gateway, wire, tally, actions: ACTIONS }, `key ${sessions}`).run(taken)
    } catch (error) {
      if (limit === REQUESTS) limit = tally.count + TO_SHRINK
      throw error
    }
  })
  try {
    await fc.assert(property, { numRuns: REQUESTS, includeErrorInReport: true })
  } finally {
    tally.print()
  }
  expect(tally.count).toBeGreaterThanOrEqual(REQUESTS)
  expect(gateway.output()).not.toContain('internal error')
})
