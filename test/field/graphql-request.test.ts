import { ClientError, GraphQLClient } from 'graphql-request'
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

type Method = 'GET' | 'POST'
const METHODS: Method[] = ['POST', 'GET']

/** As its documentation creates it: an address, the header with the token, and perhaps the method of queries. */
const client = (method: Method, token?: string) =>
  new GraphQLClient(stage.url, {
    headers: stage.headers(token),
    fetch: stage.fetch,
    ...(method === 'GET' && { method }),
  })

async function failureOf(call: Promise<unknown>): Promise<ClientError> {
  const error = await call.then(
    () => undefined,
    (reason) => reason,
  )
  if (!(error instanceof ClientError)) throw new Error('no failure of the client', { cause: error })
  return error
}

describe.each(METHODS)('graphql-request with queries by %s', (method) => {
  // biome-ignore lint/suspicious/noExplicitAny: results of many shapes
  const request = (document: string, variables = {}, token?: string): Promise<any> =>
    client(method, token).request(document, variables)

  it('queries', async () => {
    expect((await request(TYPES)).webhookEventTypes.length).toBeGreaterThan(10)
    expect((await request(ONE, { id })).webhookEndpoint).toMatchObject({ id, version: 1 })
    const exchange = { method, status: 200, contentType: RESPONSE_TYPE }
    expect(stage.exchanges).toMatchObject([exchange, exchange])
  })

  it('changes an endpoint', async () => {
    const { updateWebhookEndpoint } = await request(UPDATE, { id, patch: { isActive: false } })
    expect(updateWebhookEndpoint).toMatchObject({ id, version: 2, isActive: false })
    expect(stage.exchanges).toMatchObject([{ method: 'POST', status: 200 }])
  })

  it('reports that its token has expired', async () => {
    for (const document of [TYPES, UPDATE]) {
      const { response } = await failureOf(request(document, { id, patch: {} }, EXPIRED))
      expect(response.status).toBe(401)
      expect(response.errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED'])
      expect(response.data).toBeUndefined()
    }
  })

  it('gets every problem of its input', async () => {
    const { response } = await failureOf(request(UPDATE, { id, patch: BAD_PATCH }))
    expect(response.errors?.[0]?.extensions?.code).toBe('VALIDATION_FAILED')
    expect(problemCodes(response.errors?.[0]?.extensions)).toEqual(BAD_PATCH_PROBLEMS)
  })

  it('gets the stored endpoint when its version is stale', async () => {
    const patch = { isActive: false, expectedVersion: 7 }
    const { response } = await failureOf(request(UPDATE, { id, patch }))
    expect(response.errors?.[0]?.extensions).toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { id, version: 1, isActive: true },
    })
  })

  it('reports that its document is wrong', async () => {
    const { response } = await failureOf(request('{ nothing }'))
    expect(response.status).toBe(400)
    expect(response.errors?.[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED')
  })
})
