import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, type GraphQLScalarType, type GraphQLSchema } from 'graphql'

/** The schema of schema.graphql. Its DateTime throws when it serializes any text but an ISO instant in milliseconds. */
export const publishedSchema: GraphQLSchema = buildSchema(
  readFileSync(join(__dirname, '../../../../schema.graphql'), 'utf8'),
)

const dateTime = publishedSchema.getType('DateTime') as GraphQLScalarType
dateTime.serialize = (value) => {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value))) return value
  throw new Error(`${value} is no instant`)
}
