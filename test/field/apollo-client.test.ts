import {
  ApolloClient,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type OperationVariables,
} from '@apollo/client'
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

/** As its documentation creates it: a cache, and a link with an address and a header with the token. */
const client = (token?: string, options: { useGETForQueries?: boolean } = {}) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: stage.url, headers: stage.headers(token), fetch: stage.fetch, ...options }),
  })

// biome-ignore lint/suspicious/noExplicitAny: results of many shapes
type Data = any

const query = (used: ApolloClient, document: string, variables: OperationVariables = {}) =>
  used.query<Data>({ query: gql(document), variables })

const mutate = (used: ApolloClient, variables: OperationVariables) =>
  used.mutate<Data>({ mutation: gql(UPDATE), variables })

/** The extensions of the GraphQL errors with which a call fails. */
async function extensionsOf(call: Promise<unknown>): Promise<Record<string, unknown>[]> {
  const error = await call.then(
    () => undefined,
    (reason) => reason,
  )
  if (!CombinedGraphQLErrors.is(error)) throw new Error('no errors of GraphQL', { cause: error })
  return error.errors.map(({ extensions }) => extensions ?? {})
}

describe('Apollo Client as it comes', () => {
  it.each([
    ['POST', {}],
    ['GET', { useGETForQueries: true }],
  ])('queries by %s', async (method, options) => {
    const used = client(undefined, options)
    expect((await query(used, TYPES)).data.webhookEventTypes.length).toBeGreaterThan(10)
    expect((await query(used, ONE, { id })).data.webhookEndpoint).toMatchObject({ id, version: 1 })
    const exchange = { method, status: 200, contentType: RESPONSE_TYPE }
    expect(stage.exchanges).toMatchObject([exchange, exchange])
  })

  it('changes an endpoint, and its cache has the change', async () => {
    const used = client()
    await query(used, ONE, { id })
    const { data } = await mutate(used, { id, patch: { isActive: false } })
    expect(data.updateWebhookEndpoint).toMatchObject({ id, version: 2, isActive: false })
    expect((await query(used, ONE, { id })).data.webhookEndpoint.version).toBe(2)
    expect(stage.exchanges).toHaveLength(2)
  })

  it.each(['query', 'mutation'])('reports that its token has expired, by %s', async (kind) => {
    const used = client(EXPIRED)
    const call = kind === 'query' ? query(used, TYPES) : mutate(used, { id, patch: {} })
    // Under application/json, this client takes a 401 for a failure of the server and shows no code.
    expect(await extensionsOf(call)).toMatchObject([{ code: 'UNAUTHENTICATED' }])
    expect(stage.exchanges).toMatchObject([{ status: 401, contentType: RESPONSE_TYPE }])
  })

  it('gets every problem of its input', async () => {
    const [extensions] = await extensionsOf(mutate(client(), { id, patch: BAD_PATCH }))
    expect(extensions?.code).toBe('VALIDATION_FAILED')
    expect(problemCodes(extensions)).toEqual(BAD_PATCH_PROBLEMS)
  })

  it('gets the stored endpoint when its version is stale', async () => {
    const call = mutate(client(), { id, patch: { isActive: false, expectedVersion: 7 } })
    expect(await extensionsOf(call)).toMatchObject([
      { code: 'VERSION_CONFLICT', current: { id, version: 1, isActive: true } },
    ])
  })

  it('reports that its document is wrong', async () => {
    expect(await extensionsOf(query(client(), '{ nothing }'))).toMatchObject([
      { code: 'GRAPHQL_VALIDATION_FAILED' },
    ])
  })
})
