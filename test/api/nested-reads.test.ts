import type { NestedReadsCommands } from '../programs/nested-reads'
import { type Core, openCore } from '../support/core'
import { createTestDatabase, type TestDatabase } from '../support/gateway'

const COUNT = 100
const TARGET = 'http://127.0.0.1:9/'

let database: TestDatabase
let core: Core<NestedReadsCommands>
/** of an endpoint with an attempt for each of 100 events */
let endpointId: number
/** of an event with a delivery to one endpoint, and of an event with deliveries to 100 */
let narrowEvent: number
let wideEvent: number

beforeAll(async () => {
  database = await createTestDatabase()
  core = await openCore<NestedReadsCommands>(database, { program: 'nested-reads' })
  for (let nth = 0; nth < COUNT; nth += 1) await core.createEndpoint(TARGET, 'post.created')
  endpointId = await core.createEndpoint(TARGET, 'vote.created')
  wideEvent = await core.publish('post.created')
  ;[narrowEvent = 0] = await core.run('publishMany', COUNT, 'vote.created')
  await core.sql(`
    INSERT INTO attempts (event_id, endpoint_id, number, outcome, signature_header)
    SELECT event_id, endpoint_id, 1, 'DELIVERED', '' FROM deliveries`)
})
afterAll(async () => {
  await core?.close()
  await database?.remove()
})

/** Every path of nested objects that the schema has below an event. */
const EVENT =
  'id body deliveries(first: 100) { nodes { id endpoint { id events { type } } attempts(first: 1) { nodes { id responseBody } } } }'

it('an event needs as many statements for 100 deliveries as for one', async () => {
  const read = async (id: number) => {
    const { data, statements } = await core.run('runQuery', `{ webhookEvent(id: ${id}) { ${EVENT} } }`)
    const ids = data.webhookEvent.deliveries.nodes.map(
      (delivery: { endpoint: { id: string } }) => delivery.endpoint.id,
    )
    return { endpoints: new Set(ids).size, statements }
  }
  const narrow = await read(narrowEvent)
  const wide = await read(wideEvent)
  expect([narrow.endpoints, wide.endpoints]).toEqual([1, COUNT])
  expect(narrow.statements).toBeGreaterThan(0)
  expect(wide.statements).toBe(narrow.statements)
})

it('a page of 100 attempts, with their events, needs as many statements as a page of one', async () => {
  const read = async (limit: number) => {
    const page = `webhookAttemptPage(endpointId: ${endpointId}, limit: ${limit})`
    const { data, statements } = await core.run(
      'runQuery',
      `{ ${page} { nodes { event { id body } delivery { id } endpoint { id } requestBody responseBody } } }`,
    )
    const ids = data.webhookAttemptPage.nodes.map((attempt: { event: { id: string } }) => attempt.event.id)
    return { events: new Set(ids).size, statements }
  }
  const short = await read(1)
  const long = await read(COUNT)
  expect([short.events, long.events]).toEqual([1, COUNT])
  expect(short.statements).toBeGreaterThan(0)
  expect(long.statements).toBe(short.statements)
})
