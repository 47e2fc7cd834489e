import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, type GraphQLInputObjectType, type GraphQLObjectType } from 'graphql'
import { snakeCase } from '../../src/snake-case'

const read = (file: string) => readFileSync(join(__dirname, '../..', file), 'utf8')
const SCHEMA = buildSchema(read('schema.graphql'))

const inputFields = (type: string) =>
  Object.keys((SCHEMA.getType(type) as GraphQLInputObjectType).getFields())

/** The fields of an endpoint that are columns of its row, or its events: no lists of other things. */
const ENDPOINT = Object.values((SCHEMA.getType('WebhookEndpoint') as GraphQLObjectType).getFields())
  .filter(({ args }) => args.length === 0)
  .map(({ name }) => name)
const WRITABLE = inputFields('WebhookEndpointInput')

/** Names the SQL file that forgets a field. docs/changing.md lists every file. */
describe('a field of an endpoint', () => {
  const columns = WRITABLE.filter((name) => name !== 'events').map(snakeCase)
  it.each(columns)('is written by src/endpoints/update-endpoint.sql: %s', (column) => {
    expect(read('src/endpoints/update-endpoint.sql')).toMatch(
      new RegExp(`\\b${column} = merged\\.${column}\\b`),
    )
  })

  it.each(ENDPOINT)('is read by src/endpoints/endpoint-json.sql: %s', (name) => {
    expect(read('src/endpoints/endpoint-json.sql')).toMatch(new RegExp(`^ {8}'${name}', `, 'm'))
  })
})
