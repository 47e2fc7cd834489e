import { type GraphQLInputObjectType, type GraphQLObjectType, isInputObjectType, isObjectType } from 'graphql'
import { getMetadataStorage } from 'type-graphql'
import { Prisma } from '../../src/generated/prisma/client'
import { buildSchema } from '../../src/schema/build'

const schema = buildSchema()

const fieldsOf = (type: string) => {
  const named = schema.getType(type)
  if (!isObjectType(named) && !isInputObjectType(named)) throw new Error(`There is no object type ${type}`)
  return Object.keys((named as GraphQLObjectType | GraphQLInputObjectType).getFields())
}

const OF_PATCHES = ['addEvents', 'removeEvents', 'expectedVersion']

describe('the fields of an endpoint', () => {
  it('are the same in the input and in the patch, except what only a patch has', () => {
    const patch = fieldsOf('WebhookEndpointPatch').filter((field) => !OF_PATCHES.includes(field))
    expect(patch.sort()).toEqual(fieldsOf('WebhookEndpointInput').sort())
  })

  it('can all be read: those of the input, and every column', () => {
    const readable = fieldsOf('WebhookEndpoint')
    expect(readable).toEqual(expect.arrayContaining(fieldsOf('WebhookEndpointInput')))
    const columns = Object.keys(Prisma.EndpointScalarFieldEnum).filter((column) => column !== 'deletedAt')
    expect(readable).toEqual(expect.arrayContaining(columns))
  })
})

// A class implements a type of the core, so the compiler reports a property that is missing in the class.
describe('every property of a class is a field of its GraphQL type', () => {
  const { objectTypes, inputTypes } = getMetadataStorage()
  const classes = [...objectTypes, ...inputTypes].map(
    ({ name, target }) => [name, target as new () => object] as const,
  )

  it.each(classes)('%s', (name, Class) => {
    const properties = Object.keys(new Class())
    expect(properties.length).toBeGreaterThan(0)
    expect(fieldsOf(name)).toEqual(expect.arrayContaining(properties))
  })
})
