import { graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { UPDATE } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
})
afterAll(() => gateway?.stop())

interface Stored {
  version: number
  events: { type: string; addedAt: string }[]
}

const listOf = (types: string[]) => types.map((type) => ({ type }))

async function createWith(...types: string[]): Promise<string> {
  return String((await gateway.createEndpoint({ events: listOf(types) })).id)
}

const patch = (id: string, fields: object) => gateway.gql(UPDATE, { id, patch: fields })
const stored = async (id: string, fields: object): Promise<Stored> =>
  (await patch(id, fields)).data.updateWebhookEndpoint
const typesOf = ({ events }: Stored) => events.map(({ type }) => type)

describe('addEvents and removeEvents', () => {
  it('change the set by these types alone; types that stay keep their addedAt', async () => {
    const id = await createWith('post.created', 'post.deleted')
    const before = await stored(id, {})
    const after = await stored(id, {
      addEvents: listOf(['user.created', 'user.created']),
      removeEvents: listOf(['post.deleted']),
    })
    expect(typesOf(after)).toEqual(['post.created', 'user.created'])
    expect(after.version).toBe(before.version + 1)
    expect(after.events[0]).toEqual(before.events[0])
  })

  it('that add types of the set and remove others change nothing', async () => {
    const id = await createWith('post.created')
    const before = await stored(id, {})
    const fields = { addEvents: listOf(['post.created']), removeEvents: listOf(['user.created', 'no.more']) }
    expect(await stored(id, fields)).toEqual(before)
    expect(await stored(id, { addEvents: [], removeEvents: [] })).toEqual(before)
  })

  it('that leave no type are a problem, also of a stale patch, and change nothing', async () => {
    const id = await createWith('post.created')
    const before = await stored(id, {})
    const removeEvents = listOf(['post.created'])
    for (const expectedVersion of [undefined, 7]) {
      const answer = await patch(id, { removeEvents, description: 'changed', expectedVersion })
      expect(graphqlProblems(answer)).toEqual(['patch: remove_events EMPTY'])
    }
    expect(await stored(id, {})).toEqual(before)
    expect(await stored(id, { removeEvents, addEvents: listOf(['user.created']) })).toMatchObject({
      events: [{ type: 'user.created' }],
    })
  })

  it('have their names in REST', async () => {
    const id = await createWith('post.created')
    const byRest = (json: object) => gateway.rest('PATCH', `endpoint/${id}/`, { json })
    const { body } = await byRest({
      add_events: listOf(['user.created']),
      remove_events: [{ type: 'post.created', added_at: '2020-01-01T00:00:00Z' }],
    })
    expect(body.events).toEqual([{ type: 'user.created', added_at: body.updated_at }])
    expect(restResult(await byRest({ remove_events: listOf(['user.created']) }))).toEqual(
      resultOf(400, ['remove_events empty']),
    )
    const both = { events: listOf(['user.created']), add_events: listOf(['no.more']) }
    expect(restResult(await byRest(both))).toEqual(
      resultOf(400, ['add_events exclusive', 'add_events.0.type unknown_event_type']),
    )
  })

  it('of many patches at once are all made', async () => {
    const types = ['post.created', 'post.updated', 'post.deleted', 'user.created', 'user.deleted']
    const id = await createWith('comment.created')
    const answers = await Promise.all(types.map((type) => patch(id, { addEvents: listOf([type]) })))
    expect(answers.map(({ errors }) => errors)).toEqual(types.map(() => undefined))
    const after = await stored(id, { removeEvents: listOf(['comment.created']) })
    expect(typesOf(after)).toEqual([...types].sort())
    expect(after.version).toBe(types.length + 2)
  })
})
