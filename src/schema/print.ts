import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assertValidSchema, lexicographicSortSchema, printSchema } from 'graphql'
import { packageFolder } from '../package-folder'
import { buildSchema } from './build'

const HEADER = '# Written by `npm run schema` from src/schema. Do not edit.\n\n'

/**
 * The text of schema.graphql, sorted, so that its diff shows changes of the schema alone.
 *
 * @throws Error when the schema breaks a rule of GraphQL
 */
export function printedSchema(): string {
  const schema = buildSchema()
  assertValidSchema(schema)
  return `${HEADER}${printSchema(lexicographicSortSchema(schema))}\n`
}

if (require.main === module) writeFileSync(join(packageFolder, 'schema.graphql'), printedSchema())
