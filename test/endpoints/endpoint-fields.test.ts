import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, type GraphQLInputObjectType, type GraphQLObjectType } from 'graphql'
import { snakeCase } from '../../src/http/rest/json'

const read = (file: string) => readFileSync(join(__dirname, '../..', file), 'utf8')
const SCHEMA = buildSchema(read('schema.graphql'))

const inputFields = (type: string) =>
  Object.keys((SCHEMA.getType(type) as GraphQLInputObjectType).getFields())

/** The fields of an endpoint that are columns of its row, or its events: no lists of other things. */
const ENDPOINT = Object.values((SCHEMA.getType('WebhookEndpoint') as GraphQLObjectType).getFields())
  .filter(({ args }) => args.length === 0)
  .map(({ name }) => name)
const WRITABLE = inputFields('WebhookEndpointInput')

/** The documented REST API does not have these. */
const NOT_IN_REST = ['version', 'disabledReason']

/** Each place that must name every field of an endpoint. docs/changing.md walks through them. */
describe('a field of an endpoint', () => {
  it('can be patched when it can be created: src/schema/webhook-endpoint.ts', () => {
    expect(inputFields('WebhookEndpointPatch').sort()).toEqual([...WRITABLE, 'expectedVersion'].sort())
  })

  it('can be read when it can be written: src/schema/webhook-endpoint.ts', () => {
    expect(ENDPOINT).toEqual(expect.arrayContaining(WRITABLE))
  })

  const columns = WRITABLE.filter((name) => name !== 'events').map(snakeCase)
  it.each(columns)('is written by src/endpoints/update-endpoint.sql: %s', (column) => {
    expect(read('src/endpoints/update-endpoint.sql')).toMatch(
      new RegExp(`\\b${column} = merged\\.${column}\\b`),
    )
  })

  it.each(ENDPOINT)('is read by src/endpoints/endpoint-json.sql: %s', (name) => {
    expect(read('src/endpoints/endpoint-json.sql')).toMatch(new RegExp(`^ {8}'${name}', `, 'm'))
  })

  const inRest = ENDPOINT.filter((name) => !NOT_IN_REST.includes(name))
  it.each(inRest)('is read by src/http/rest/operations.graphql: %s', (name) => {
    const fragment = read('src/http/rest/operations.graphql')
      .split('fragment Endpoint on')[1]
      ?.split('\n}')[0]
    expect(fragment).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
  })

  it.each(inRest)('is printed by src/http/rest/json.ts: %s', (name) => {
    const printer = read('src/http/rest/json.ts').split('export const endpointJson')[1]?.split('\n})')[0]
    expect(printer).toMatch(new RegExp(`^ {2}${snakeCase(name)}: `, 'm'))
  })
})
