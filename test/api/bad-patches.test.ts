import {
  type Fault,
  graphqlCodes,
  graphqlProblems,
  graphqlSpelling,
  problemsOf,
  restResult,
  resultOf,
} from '../support/answer-problems'
import { GET, UPDATE } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { FAULTS_OF_TYPE, OTHER_FAULTS } from './bad-patches-table'
import { BAD_TARGETS, GOOD_TARGETS } from './bad-targets-table'

const ENDPOINT = {
  target: 'https://example.com/hook',
  events: [{ type: 'post.created' }, { type: 'comment.created' }],
  description: 'as it was',
}

let gateway: TestGateway
let id: string

beforeAll(async () => {
  gateway = await startTestGateway()
  id = String((await gateway.createEndpoint(ENDPOINT)).id)
})
afterAll(() => gateway?.stop())

const patchByRest = (json: unknown) => gateway.rest('PATCH', `endpoint/${id}/`, { json })
const patchByGraphql = (patch: unknown) => gateway.gql(UPDATE, { id, patch })
const readStored = async () => (await gateway.gql(GET, { id })).data.webhookEndpoint

describe('a bad patch changes nothing', () => {
  let stored: unknown

  beforeEach(async () => {
    stored = await readStored()
  })
  afterEach(async () => expect(await readStored()).toEqual(stored))

  async function expectRefused(patch: unknown, faults: Fault[]) {
    expect(restResult(await patchByRest(patch))).toEqual(resultOf(400, faults))
    const graphql = await patchByGraphql(graphqlSpelling(patch))
    expect(graphqlCodes(graphql)).toEqual(['VALIDATION_FAILED'])
    expect(graphqlProblems(graphql)).toEqual(problemsOf('patch', faults))
    expect(graphql).toMatchObject({ status: 200, data: { updateWebhookEndpoint: null } })
  }

  describe('and REST and GraphQL report its type faults before any other', () => {
    it.each(FAULTS_OF_TYPE)('%s', async (_name, patch, faults, graphqlPatch = graphqlSpelling(patch)) => {
      expect(restResult(await patchByRest(patch))).toEqual(resultOf(400, faults))
      const graphql = await patchByGraphql(graphqlPatch)
      expect(graphqlCodes(graphql)).toEqual(faults.map(() => 'BAD_USER_INPUT'))
      expect({ status: graphql.status, data: graphql.data ?? null }).toEqual({ status: 400, data: null })
    })
  })

  describe('and REST and GraphQL report the same other faults, all at once', () => {
    it.each(OTHER_FAULTS)('%s', (_name, patch, faults) => expectRefused(patch, faults))
  })

  describe('when its target is bad, for the same reasons by REST and GraphQL', () => {
    it.each(BAD_TARGETS)('%s: %j', (_name, target, faults) => expectRefused({ target }, faults))
  })

  describe('when its version is invalid', () => {
    it('in a REST body, where If-Match names it', async () => {
      const rest = await patchByRest({ is_active: false, expected_version: 1 })
      expect(restResult(rest)).toEqual(resultOf(400, ['expected_version unknown_field']))
    })

    it.each(['1', 1.5, true, 2 ** 31, [1, 2], {}])('as expectedVersion %j', async (expectedVersion) => {
      const graphql = await patchByGraphql({ isActive: false, expectedVersion })
      expect(graphqlCodes(graphql)).toEqual(['BAD_USER_INPUT'])
    })

    it('as expectedVersion null', async () => {
      const graphql = await patchByGraphql({ isActive: false, expectedVersion: null })
      expect(graphqlProblems(graphql)).toEqual(['patch: expected_version NULL_NOT_ALLOWED'])
    })
  })
})

describe('a patch that is not bad', () => {
  it('may contain null for an empty description', async () => {
    await patchByRest({ description: 'a note' })
    expect(await patchByRest({ description: null })).toMatchObject({ status: 200, body: { description: '' } })
    await patchByRest({ description: 'a note' })
    const graphql = await patchByGraphql({ description: null })
    expect(graphql.data.updateWebhookEndpoint.description).toBe('')
  })

  it('may have a description of 10,000 characters', async () => {
    const description = 'x'.repeat(10_000)
    expect((await patchByRest({ description })).body.description).toBe(description)
    const graphql = await patchByGraphql({ description: description.toUpperCase() })
    expect(graphql.data.updateWebhookEndpoint.description).toBe(description.toUpperCase())
  })

  it('may name an event twice, which counts once', async () => {
    const events = [{ type: 'post.updated' }, { type: 'post.updated' }]
    const once = [{ type: 'post.updated' }]
    expect((await patchByRest({ events })).body.events).toMatchObject(once)
    await patchByRest({ events: ENDPOINT.events })
    expect((await patchByGraphql({ events })).data.updateWebhookEndpoint.events).toMatchObject(once)
  })

  it('may contain read-only fields by REST, with any value', async () => {
    const events = [{ type: 'post.created', added_at: false }]
    await patchByRest({ events })
    const stored = await readStored()
    const rest = await patchByRest({ id: 'x', created_at: null, updated_at: 0, events })
    expect(rest.status).toBe(200)
    expect(await readStored()).toEqual(stored)
  })

  it.each(GOOD_TARGETS)('may have the target %s, stored unchanged', async (target) => {
    expect(await patchByRest({ target })).toMatchObject({ status: 200, body: { target } })
    await patchByRest({ target: 'https://example.com/another' })
    expect((await patchByGraphql({ target })).data?.updateWebhookEndpoint.target).toBe(target)
  })
})
