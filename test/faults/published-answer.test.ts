import { type CutOffProxy, startCutOffProxy } from '../support/cut-off-proxy'
import { EVENT, PUBLISH } from '../support/event-documents'
import { createTestDatabase, startTestGateway, type TestDatabase, type TestGateway } from '../support/gateway'
import { serverOnly } from '../support/server-only'

/** The database answers the statement that publishes, and nothing that is asked after it. */
let isSilentAfterPublishing: boolean
let proxy: CutOffProxy
let database: TestDatabase
let gateway: TestGateway

beforeEach(async () => {
  isSilentAfterPublishing = false
  let isAnswered = false
  database = await createTestDatabase()
  proxy = await startCutOffProxy(database.env.DATABASE_URL, {
    stallBefore(chunk, speaker) {
      isAnswered ||= isSilentAfterPublishing && speaker === 'database' && chunk.includes('"event_id": ')
      return isAnswered && speaker === 'client'
    },
  })
  gateway = await startTestGateway({ HOOKGATE_ROLES: 'api', DATABASE_URL: proxy.url }, database)
  await gateway.createEndpoint()
  isSilentAfterPublishing = true
})
afterEach(async () => {
  proxy.heal('late')
  await gateway.stop()
  proxy.close()
})

/** Reads an event by another gateway. */
async function stored(id: number | string) {
  const other = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
  const { data } = await other.gql(EVENT, { id: String(id) })
  await other.end()
  return data.webhookEvent
}

serverOnly(
  'a stored event is answered by REST although the database falls silent after the commit',
  async () => {
    const json = { type: 'post.created', data: { id: 1 } }
    const { status, body } = await gateway.rest('POST', 'event/', { json })
    expect([status, body]).toEqual([
      201,
      { event_id: expect.any(Number), type: 'post.created', created: expect.any(Number) },
    ])
    expect(await stored(body.event_id)).toMatchObject({
      data: json.data,
      body: expect.stringContaining(`"created": ${body.created},`),
    })
  },
)

serverOnly(
  'a stored event is answered by GraphQL, and a nested field that fails is null beside it',
  async () => {
    const query = PUBLISH.replace('isTest }', 'isTest deliveries { nodes { id } } }')
    const { data, errors } = await gateway.gql(query, { input: { type: 'post.created', data: { id: 2 } } })
    const { event, deduplicated } = data.publishWebhookEvent
    expect(event).toMatchObject({ id: expect.any(String), data: { id: 2 }, deliveries: null })
    expect(deduplicated).toBe(false)
    expect(errors).toMatchObject([
      { path: ['publishWebhookEvent', 'event', 'deliveries'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ])
    expect(await stored(event.id)).toMatchObject({
      body: event.body,
      deliveries: { nodes: [{ status: 'PENDING' }] },
    })
  },
)
