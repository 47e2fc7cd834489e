import { Client, cacheExchange, fetchExchange } from '@urql/core'
import {
  BAD_PATCH,
  BAD_PATCH_PROBLEMS,
  type ClientStage,
  EXPIRED,
  ONE,
  problemCodes,
  RESPONSE_TYPE,
  startClientStage,
  TYPES,
  UPDATE,
} from './clients'

let stage: ClientStage
let id: string
beforeAll(async () => {
  stage = await startClientStage()
})
beforeEach(async () => {
  id = String((await stage.gateway.createEndpoint()).id)
  stage.exchanges.length = 0
})
afterAll(() => stage?.close())

/** As its documentation creates it: an address, the two usual exchanges, a header with the token. */
const client = (token?: string, options: { preferGetMethod?: boolean } = {}) =>
  new Client({
    url: stage.url,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: stage.headers(token) },
    fetch: stage.fetch,
    ...options,
  })

describe('urql as it comes', () => {
  it('queries by GET', async () => {
    const types = await client().query(TYPES, {})
    expect([types.error, types.data.webhookEventTypes.length > 10]).toEqual([undefined, true])
    const one = await client().query(ONE, { id })
    expect([one.error, one.data.webhookEndpoint.id]).toEqual([undefined, id])
    expect(stage.exchanges).toMatchObject([
      { method: 'GET', hasBody: false, status: 200, contentType: RESPONSE_TYPE },
      { method: 'GET', hasBody: false, status: 200, contentType: RESPONSE_TYPE },
    ])
    expect(stage.exchanges[1]?.query).toContain('variables=')
  })

  it('queries by POST when it is configured so', async () => {
    const { error, data } = await client(undefined, { preferGetMethod: false }).query(ONE, { id })
    expect([error, data.webhookEndpoint.id]).toEqual([undefined, id])
    expect(stage.exchanges).toMatchObject([{ method: 'POST', hasBody: true, status: 200 }])
  })

  it('changes an endpoint', async () => {
    const { error, data } = await client().mutation(UPDATE, { id, patch: { isActive: false } })
    expect([error, data.updateWebhookEndpoint]).toEqual([
      undefined,
      expect.objectContaining({ id, version: 2, isActive: false }),
    ])
    expect(stage.exchanges).toMatchObject([{ method: 'POST', status: 200 }])
  })

  it.each(['query', 'mutation'] as const)('reports that its token has expired, by %s', async (kind) => {
    const used = client(EXPIRED)
    const { error, data } =
      kind === 'query' ? await used.query(TYPES, {}) : await used.mutation(UPDATE, { id, patch: {} })
    expect(data).toBeUndefined()
    expect(error?.graphQLErrors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED'])
    expect(error?.response.status).toBe(401)
    expect(error?.response.headers.get('www-authenticate')).toBe('Bearer')
    expect(stage.exchanges).toMatchObject([{ status: 401, contentType: RESPONSE_TYPE }])
  })

  it('gets every problem of its input', async () => {
    const { error } = await client().mutation(UPDATE, { id, patch: BAD_PATCH })
    const [first] = error?.graphQLErrors ?? []
    expect(first?.extensions.code).toBe('VALIDATION_FAILED')
    expect(problemCodes(first?.extensions)).toEqual(BAD_PATCH_PROBLEMS)
  })

  it('gets the stored endpoint when its version is stale', async () => {
    const { error } = await client().mutation(UPDATE, { id, patch: { isActive: false, expectedVersion: 7 } })
    expect(error?.graphQLErrors[0]?.extensions).toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { id, version: 1, isActive: true },
    })
  })

  it('reports that its document is wrong', async () => {
    const { error } = await client().query('{ nothing }', {})
    expect(error?.graphQLErrors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(stage.exchanges).toMatchObject([{ method: 'GET', status: 400 }])
  })
})
