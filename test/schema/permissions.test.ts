import {
  extendSchema,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  graphql,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql'
import type { Caller } from '../../src/auth/bearer-token'
import { ROLES, type Role } from '../../src/auth/roles'
import { Failure } from '../../src/failure'
import { buildGuardedSchema, buildSchema, guardSchema } from '../../src/schema/build'
import { denialOf, isOpen } from '../../src/schema/permissions'

const callerWith = (...roles: Role[]): Caller => ({ identity: { subject: 'alice', roles } })
const EVERY_ROLE = callerWith(...ROLES)
const UNAUTHENTICATED: Caller = { denial: new Failure('unauthenticated', 'A bearer token is required.') }

/** Whether a role may call an operation. The compiler reports a role without an entry. */
const MAY_CALL: Record<Role, (parent: 'Query' | 'Mutation', field: string) => boolean> = {
  admin: () => true,
  publisher: (_parent, field) => field === 'publishWebhookEvent',
}

const rootTypes = (schema: GraphQLSchema) =>
  [schema.getQueryType(), schema.getMutationType()].filter((type) => type != null)

/** Every operation of the schema as `[Query or Mutation, field]`. */
const operations = rootTypes(buildSchema()).flatMap((type) =>
  Object.keys(type.getFields()).map((field) => [type.name as 'Query' | 'Mutation', field] as const),
)

/** The schema with access control and without the core: every resolver returns a sample. */
const guarded = guardSchema(answering(buildSchema()))

describe('every operation of the schema', () => {
  it('is a query or a mutation', () => {
    expect(operations.length).toBeGreaterThan(0)
    expect(buildSchema().getSubscriptionType()).toBeFalsy()
  })

  it.each(operations)('is in the table of access, and is allowed to admins: %s.%s', (parent, field) => {
    expect(denialOf(callerWith('admin'), parent, field)).toBeUndefined()
  })

  it.each(ROLES.flatMap((role) => operations.map((operation) => [role, ...operation] as const)))(
    'is allowed to the roles that may call it, and denied to others: %s calls %s.%s',
    (role, parent, field) => {
      const denial = denialOf(callerWith(role), parent, field)
      expect(denial?.kind).toBe(MAY_CALL[role](parent, field) ? undefined : 'forbidden')
    },
  )

  it.each(operations)(
    'is denied to a caller without a role and to an unauthenticated caller: %s.%s',
    (parent, field) => {
      expect(denialOf(callerWith(), parent, field)?.kind).toBe('forbidden')
      expect(denialOf(UNAUTHENTICATED, parent, field)?.kind).toBe('unauthenticated')
    },
  )

  it.each(operations)('is guarded in the schema as the table says: %s.%s', async (parent, field) => {
    const run = (caller: Caller) => codesOf(guarded, operationOn(guarded, parent, field), caller)
    expect(await run(EVERY_ROLE)).toEqual([])
    expect(await run(callerWith('admin'))).toEqual([])
    expect(await run(callerWith())).toEqual(['forbidden'])
    expect(await run(UNAUTHENTICATED)).toEqual(['unauthenticated'])
  })
})

describe('every type that an operation reaches', () => {
  const reached = reachedFrom(buildSchema())

  it.each(reached.map((type) => type.name))('has a rule: %s', async (name) => {
    for (const [parent, field] of operations) {
      const errors = await errorsOf(guarded, operationOn(guarded, parent, field), EVERY_ROLE)
      expect(errors.map((error) => `${error.typeName}: ${error.code}`)).not.toContain(`${name}: forbidden`)
      expect(errors).toEqual([])
    }
  })

  it('is reached by the documents of these tests', () => {
    const schema = buildSchema()
    const documents = operations.map(([parent, field]) => operationOn(schema, parent, field)).join('\n')
    for (const type of reached) {
      for (const field of Object.keys(type.getFields())) expect(documents).toContain(field)
    }
  })
})

it('a field is open when every caller who reaches its type may read it', () => {
  expect(isOpen('WebhookEndpoint', 'target')).toBe(true)
  expect(isOpen('WebhookEvent', 'data')).toBe(true)
  expect(isOpen('WebhookEvent', 'deliveries')).toBe(false)
  expect(isOpen('Planted', 'secret')).toBe(false)
  for (const [parent, field] of operations) expect(isOpen(parent, field)).toBe(false)
})

describe('what has no rule', () => {
  const planted = (extension: string) => guardSchema(answering(extendSchema(buildSchema(), parse(extension))))

  it('is denied: a query', async () => {
    const schema = planted('extend type Query { planted: String }')
    expect(await codesOf(schema, '{ planted }', EVERY_ROLE)).toEqual(['forbidden'])
  })

  it('is denied: a mutation', async () => {
    const schema = planted('extend type Mutation { planted: String }')
    expect(await codesOf(schema, 'mutation { planted }', EVERY_ROLE)).toEqual(['forbidden'])
  })

  it('is denied: a type, though the operation that reaches it is allowed', async () => {
    const schema = planted('type Planted { secret: String } extend type WebhookEndpoint { planted: Planted }')
    const document = '{ webhookEndpoint { target planted { secret } } }'
    const errors = await errorsOf(schema, document, EVERY_ROLE)
    expect(errors).toEqual([{ code: 'forbidden', typeName: 'Planted' }])
    const { data } = await graphql({ schema, source: document, contextValue: { caller: EVERY_ROLE } })
    expect(data).toEqual({ webhookEndpoint: { target: 'text', planted: { secret: null } } })
  })

  it('is found by the tests above', () => {
    const schema = extendSchema(
      buildSchema(),
      parse('type Planted { secret: String } extend type WebhookEndpoint { planted: Planted }'),
    )
    expect(reachedFrom(schema).map((type) => type.name)).toContain('Planted')
    expect(operationOn(schema, 'Query', 'webhookEndpoint')).toContain('secret')
  })

  it('is denied by denialOf', () => {
    for (const parent of ['Query', 'Mutation'] as const) {
      expect(denialOf(EVERY_ROLE, parent, 'planted')?.kind).toBe('forbidden')
    }
  })
})

describe('several operations in one document', () => {
  it('are each checked by themselves', async () => {
    const document = '{ a: webhookEndpoint { id } b: webhookEventTypes { type } __typename }'
    expect(await codesOf(guarded, document, callerWith('publisher'))).toEqual(['forbidden', 'forbidden'])
    expect(await codesOf(guarded, document, callerWith('admin'))).toEqual([])
  })

  it('are checked again for each caller', async () => {
    const schema = buildGuardedSchema()
    const document = '{ webhookEventTypes { type } }'
    const core = { catalogue: { types: [] } }
    const run = (caller: Caller) => graphql({ schema, source: document, contextValue: { caller, core } })
    expect((await run(callerWith('admin'))).errors).toBeUndefined()
    expect((await run(callerWith())).errors).toHaveLength(1)
    expect((await run(UNAUTHENTICATED)).errors).toHaveLength(1)
    expect((await run(callerWith('admin'))).errors).toBeUndefined()
  })
})

it('a publisher who publishes reads the event, and not its deliveries', async () => {
  const source = 'mutation { publishWebhookEvent { event { id deliveries { nodes { id } } } deduplicated } }'
  const contextValue = { caller: callerWith('publisher') }
  const { data, errors = [] } = await graphql({ schema: guarded, source, contextValue })
  expect(data).toEqual({
    publishWebhookEvent: {
      event: { id: expect.any(String), deliveries: null },
      deduplicated: expect.any(Boolean),
    },
  })
  expect(errors.map(({ path, originalError }) => [path?.join('.'), (originalError as Failure).kind])).toEqual(
    [['publishWebhookEvent.event.deliveries', 'forbidden']],
  )
})

/** Replaces every resolver of a schema by one that returns a sample of the field's type, and removes the arguments. */
function answering(schema: GraphQLSchema): GraphQLSchema {
  for (const type of objectTypes(schema)) {
    for (const field of Object.values(type.getFields())) {
      field.args = []
      field.resolve = () => sampleOf(field.type)
    }
  }
  return schema
}

function sampleOf(type: GraphQLOutputType): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType)
  if (isListType(type)) return [sampleOf(type.ofType)]
  if (isObjectType(type)) return {}
  if (isEnumType(type)) return type.getValues()[0]?.value
  return { Int: 1, Float: 1, Boolean: true, DateTime: new Date(0), JSON: {} }[type.name] ?? 'text'
}

function objectTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  )
}

/** The object types that operations return, directly or nested. */
function reachedFrom(schema: GraphQLSchema): GraphQLObjectType[] {
  const reached = new Set<GraphQLObjectType>()
  const visit = (type: GraphQLObjectType) => {
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type)
      if (isAbstractType(named))
        throw new Error(`${named.name} is abstract: these tests do not support it yet`)
      if (isObjectType(named) && !reached.has(named)) {
        reached.add(named)
        visit(named)
      }
    }
  }
  for (const type of rootTypes(schema)) visit(type)
  return [...reached]
}

/** A document that selects every field of an operation, each type once per path. */
function operationOn(schema: GraphQLSchema, parent: 'Query' | 'Mutation', field: string): string {
  const select = (type: GraphQLOutputType, above: string[]): string => {
    const named = getNamedType(type)
    if (!isObjectType(named)) return ''
    const fields = Object.values(named.getFields()).filter(
      (inner) => !above.includes(getNamedType(inner.type).name),
    )
    return `{ ${fields.map((inner) => inner.name + select(inner.type, [...above, named.name])).join(' ')} }`
  }
  const type = (parent === 'Query' ? schema.getQueryType() : schema.getMutationType())?.getFields()[field]
    ?.type
  if (!type) throw new Error(`${parent} has no field ${field}`)
  return `${parent.toLowerCase()} { ${field} ${select(type, [])} }`
}

/** Each error with the type of its field. */
async function errorsOf(schema: GraphQLSchema, source: string, caller: Caller) {
  const { errors = [] } = await graphql({ schema, source, contextValue: { caller } })
  return errors.map(({ originalError, path = [], message }) => ({
    code: originalError instanceof Failure ? originalError.kind : message,
    typeName: typeAt(schema, source, path.slice(0, -1)),
  }))
}

const codesOf = async (schema: GraphQLSchema, source: string, caller: Caller) =>
  (await errorsOf(schema, source, caller)).map(({ code }) => code)

function typeAt(schema: GraphQLSchema, source: string, path: readonly (string | number)[]): string {
  let type = /^mutation/.test(source) ? schema.getMutationType() : schema.getQueryType()
  for (const name of path.filter((step) => typeof step === 'string')) {
    const field = type?.getFields()[name]
    const named = field && getNamedType(field.type)
    type = isObjectType(named) ? named : undefined
  }
  return type?.name ?? ''
}
