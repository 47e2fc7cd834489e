import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, getNamedType, isInputObjectType, isObjectType } from 'graphql'
import { CREATE, UPDATE } from '../support/endpoint-documents'
import { ENDPOINT_SAMPLE } from '../support/endpoint-sample'
import { startTestGateway, type TestGateway } from '../support/gateway'

const schema = buildSchema(readFileSync(join(__dirname, '../../schema.graphql'), 'utf8'))

function fieldsOf(name: string) {
  const type = schema.getType(name)
  if (!isObjectType(type) && !isInputObjectType(type)) throw new Error(`${name} has no fields`)
  return Object.values(type.getFields())
}

const WRITABLE = fieldsOf('WebhookEndpointInput').map(({ name }) => name)

/** Selects every field of an endpoint but its lists of other things, also one that was added to the schema a moment ago. */
const SELECTION = fieldsOf('WebhookEndpoint')
  .filter((field) => !('args' in field && field.args.length > 0))
  .map(({ name, type }) => (isObjectType(getNamedType(type)) ? `${name} { type }` : name))
  .join(' ')

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway?.stop())

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const sampleOf = (field: string) => ({ [field]: ENDPOINT_SAMPLE[field as keyof typeof ENDPOINT_SAMPLE] })
const restSampleOf = (field: string) => ({
  [snakeCase(field)]: ENDPOINT_SAMPLE[field as keyof typeof ENDPOINT_SAMPLE],
})

async function readBoth(id: number) {
  const { data } = await gateway.gql(`{ webhookEndpoint(id: ${id}) { ${SELECTION} } }`)
  const { body } = await gateway.rest('GET', `endpoint/${id}/`)
  return { graphql: data.webhookEndpoint, rest: body }
}

describe('a patch of one field is stored, and both APIs return the new value', () => {
  it.each(WRITABLE)('%s, patched by GraphQL', async (field) => {
    const { id } = await gateway.createEndpoint()
    const before = await readBoth(id)
    expect(before.graphql).not.toMatchObject(sampleOf(field))
    expect(before.rest).not.toMatchObject(restSampleOf(field))
    const { errors } = await gateway.gql(UPDATE, { id, patch: sampleOf(field) })
    expect(errors).toBeUndefined()
    const after = await readBoth(id)
    expect(after.graphql).toMatchObject(sampleOf(field))
    expect(after.rest).toMatchObject(restSampleOf(field))
  })

  it.each(WRITABLE)('%s, patched by REST', async (field) => {
    const { id } = await gateway.createEndpoint()
    const { status, body } = await gateway.rest('PATCH', `endpoint/${id}/`, { json: restSampleOf(field) })
    expect(status).toBe(200)
    expect(body).toMatchObject(restSampleOf(field))
    expect((await readBoth(id)).graphql).toMatchObject(sampleOf(field))
  })
})

it('an endpoint that is created with every field has every value', async () => {
  const { data, errors } = await gateway.gql(CREATE, { input: ENDPOINT_SAMPLE })
  expect(errors).toBeUndefined()
  const { graphql, rest } = await readBoth(data.createWebhookEndpoint.id)
  for (const field of WRITABLE) {
    expect(graphql).toMatchObject(sampleOf(field))
    expect(rest).toMatchObject(restSampleOf(field))
  }
})
