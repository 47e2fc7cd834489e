import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  buildSchema as schemaOf,
} from 'graphql'
import { buildSchema } from '../../src/schema/build'
import { printedSchema } from '../../src/schema/print'

describe('schema.graphql', () => {
  it('is what the schema prints: otherwise run `npm run schema` and commit it', () => {
    const committed = readFileSync(join(__dirname, '../../schema.graphql'), 'utf8')
    if (committed === printedSchema()) return
    // Jest shows the difference; the name says what to do.
    expect(`${committed}\nschema.graphql is stale: run npm run schema`).toBe(printedSchema())
  })

  it('is a schema by itself, and the same one', () => {
    expect(Object.keys(schemaOf(printedSchema()).getTypeMap()).sort()).toEqual(
      Object.keys(buildSchema().getTypeMap()).sort(),
    )
  })
})

describe('the description of the schema', () => {
  it('leaves no type, field, argument, enum value or input field out', () => {
    expect(undescribed(buildSchema())).toEqual([])
  })

  it('would be missed on each of them', () => {
    const planted = schemaOf(`
      type Query { a(b: In): Out, c: En }
      input In { d: Int }
      type Out { e: Int }
      enum En { F }
    `)
    expect(undescribed(planted).sort()).toEqual(
      ['Query.a', 'Query.a(b)', 'Query.c', 'In', 'In.d', 'Out', 'Out.e', 'En', 'En.F'].sort(),
    )
  })
})

/** Everything of a schema that nobody has described, by its path; type-graphql cannot describe Query and Mutation. */
function undescribed(schema: GraphQLSchema): string[] {
  const missing: string[] = []
  const note = (path: string, { description }: { description?: string | null }) => {
    if (!description?.trim()) missing.push(path)
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue
    if (type !== schema.getQueryType() && type !== schema.getMutationType()) note(type.name, type)
    if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value)
    if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        note(`${type.name}.${field.name}`, field)
        if (!('args' in field)) continue
        for (const argument of field.args) note(`${type.name}.${field.name}(${argument.name})`, argument)
      }
    }
  }
  return missing
}
