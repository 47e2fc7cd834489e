import type { Client } from 'pg'
import { connectTo } from '../support/database-connections'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { describeServer } from '../support/server-only'

/** More than a page reads, and more than are sorted for one event. */
const ATTEMPTS = 3_000
const PAGE = 20

const LIST = `query ($filter: WebhookAttemptFilter, $after: String) {
  webhookAttempts(filter: $filter, after: $after, first: ${PAGE}) {
    totalCount nodes { id number } pageInfo { hasNextPage endCursor }
  }
}`

describeServer('A list in which few attempts match', () => {
  let gateway: TestGateway
  let client: Client
  let endpointId: number

  beforeAll(async () => {
    gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    endpointId = Number((await gateway.createEndpoint()).id)
    client = await connectTo(gateway.database)
    await client.query(`
      INSERT INTO events (id, type, body, created_at)
        VALUES (7, 'post.created', '{}', now() - interval '2 hours'), (8, 'post.created', '{}', now());
      INSERT INTO attempts (event_id, endpoint_id, number, outcome, created_at, signature_header)
        SELECT 7, ${endpointId}, nth, (CASE WHEN nth <= 2 THEN 'BUSY' ELSE 'DELIVERED' END)::attempt_outcome,
          now() - interval '1 hour' + nth * interval '1 ms', ''
        FROM generate_series(1, ${ATTEMPTS}) AS nth;
      INSERT INTO attempts (event_id, endpoint_id, number, outcome, signature_header)
        SELECT 8, ${endpointId}, nth, 'DELIVERED', '' FROM generate_series(1, ${ATTEMPTS}) AS nth`)
  })
  afterAll(async () => {
    await client?.end()
    await gateway?.stop()
  })

  /** The numbers of the attempts, and how many pages they were on. */
  async function walk(filter: object) {
    const numbers: number[] = []
    let after: string | null = null
    for (let pages = 1; ; pages += 1) {
      const { data, errors } = await gateway.gql(LIST, { filter, after })
      expect(errors).toBeUndefined()
      const { nodes, pageInfo }: Page = data.webhookAttempts
      numbers.push(...nodes.map(({ number }) => number))
      if (!pageInfo.hasNextPage) return { numbers, pages }
      expect(pageInfo.endCursor).not.toBe(after)
      after = pageInfo.endCursor
    }
  }

  it('has short pages, which lead on to them', async () => {
    const { numbers, pages } = await walk({ outcome: ['BUSY'] })
    expect(numbers).toEqual([2, 1])
    expect(pages).toBeGreaterThan(3)
    expect(pages).toBeLessThan(10)
  })

  it('of an event with very many attempts ends with the event', async () => {
    expect((await walk({ eventId: '7', outcome: ['BUSY'] })).numbers).toEqual([2, 1])
    const { numbers, pages } = await walk({ eventId: '8' })
    expect(numbers).toHaveLength(ATTEMPTS)
    // No attempt of the older event was read.
    expect(pages).toBe(ATTEMPTS / PAGE)
  })

  it('has a total when all of it was read, and none when more would have to be', async () => {
    const totalOf = async (filter: object) =>
      (await gateway.gql(LIST, { filter })).data.webhookAttempts.totalCount
    expect(await totalOf({ outcome: ['BUSY'] })).toBe(2)
    expect(await totalOf({})).toBe(2 * ATTEMPTS)
    await client.query(`
      INSERT INTO attempts (event_id, endpoint_id, number, outcome, signature_header)
        SELECT 8, ${endpointId}, nth, 'DELIVERED', '' FROM generate_series(1, 5000) AS nth`)
    expect(await totalOf({})).toBeNull()
  })
})

interface Page {
  nodes: { number: number }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}
