import { randomBytes } from 'node:crypto'
import { graphqlCodes, graphqlProblems, problemsOf, restResult, resultOf } from '../support/answer-problems'
import { CREATE, LIST, REPLACE, UPDATE } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { BAD_IN_PRODUCTION } from './bad-targets-table'

const ENDPOINT = { target: 'https://example.com/hook', events: [{ type: 'post.created' }] }

describe('a target that production does not allow', () => {
  let gateway: TestGateway
  let id: string
  let stored: unknown
  const list = async () => (await gateway.gql(LIST)).data.webhookEndpoints

  beforeAll(async () => {
    gateway = await startTestGateway({
      NODE_ENV: 'production',
      HOOKGATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    })
    id = String((await gateway.createEndpoint(ENDPOINT)).id)
    stored = await list()
  })
  afterEach(async () => expect(await list()).toEqual(stored))
  afterAll(() => gateway?.stop())

  it.each(BAD_IN_PRODUCTION)(
    '%s is refused by REST, on POST, PUT and PATCH alike',
    async (_name, target, faults) => {
      const input = { ...ENDPOINT, target }
      const answers = [
        await gateway.rest('POST', 'endpoint/', { json: input }),
        await gateway.rest('PUT', `endpoint/${id}/`, { json: input }),
        await gateway.rest('PATCH', `endpoint/${id}/`, { json: { target } }),
      ]
      expect(answers.map(restResult)).toEqual(answers.map(() => resultOf(400, faults)))
    },
  )

  it.each(BAD_IN_PRODUCTION)(
    '%s is refused by GraphQL, on create, replace and update alike',
    async (_name, target, faults) => {
      const input = { ...ENDPOINT, target }
      const answers = [
        await gateway.gql(CREATE, { input }),
        await gateway.gql(REPLACE, { id, input }),
        await gateway.gql(UPDATE, { id, patch: { target } }),
      ]
      expect(answers.map(graphqlCodes)).toEqual(answers.map(() => ['VALIDATION_FAILED']))
      const [ofInput, ofPatch] = [problemsOf('input', faults), problemsOf('patch', faults)]
      expect(answers.map(graphqlProblems)).toEqual([ofInput, ofInput, ofPatch])
    },
  )
})
