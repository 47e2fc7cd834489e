import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { PAGE_LIMIT_MAX } from '../../page-range'
import { IntrospectionCost } from './introspection-cost'
import { SelectedFields, setsOf, type Variables } from './selected-fields'

/** What an operation costs at most, counted before it runs. */
export interface QueryCost {
  /** objects of the answer, when every list is as long as it may be */
  objects: number
  /** objects of the schema that introspection answers */
  introspected: number
  /** root fields of a mutation */
  mutations: number
  /** those among them that send a test event, and wait for the receiver */
  testSends: number
}

/** Arguments that say how long a list may be, and the largest value that counts. */
const SIZE_ARGUMENTS: Record<string, number> = {
  first: PAGE_LIMIT_MAX,
  limit: PAGE_LIMIT_MAX,
  buckets: 500,
  eventIds: 1_000,
}
/** The length of a list whose size no argument says. */
const LIST_DEFAULT = 10
/** Exceptions to it. */
const LISTS: Record<string, number> = {
  'Query.webhookEventTypes': 100,
}
/** Fields that hold a whole body, up to 256 KiB of it, and how many objects they count as. */
const BODIES = new Set(['body', 'data', 'requestBody', 'responseBody'])
const BODY_OBJECTS = 10
/** What a connection costs beside its objects, in objects: its total, and a filter, which reads on until the page is full. */
const TOTAL_OBJECTS = 250
const FILTER_OBJECTS = 50

/**
 * Makes the function that counts what an operation costs. With unknown variables it counts each of them as its worst value.
 *
 * graphql-query-complexity, which type-graphql brings, does not fit. Its estimators see a field and the sum of its children, so
 * they cannot tell the rows of a page from its pageInfo. It coerces all variables once more, and reports each fault in them. It
 * cannot count introspection.
 *
 * @throws Error when the schema has interfaces or unions, which are not counted
 */
export function queryCost(schema: GraphQLSchema) {
  const abstract = Object.values(schema.getTypeMap()).find((type) => isAbstractType(type))
  if (abstract) throw new Error(`The cost limit cannot count fields of the abstract type ${abstract.name}`)
  return (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): QueryCost => {
    const measurement = new Measurement(schema, new SelectedFields(document, operation, variables))
    const type = schema.getRootType(operation.operation)
    if (type) measurement.add(type, [operation.selectionSet])
    if (operation.operation === 'mutation') measurement.addMutations(operation.selectionSet)
    return measurement.cost
  }
}

/** Counts one operation. */
class Measurement {
  readonly #cost: QueryCost = { objects: 0, introspected: 0, mutations: 0, testSends: 0 }

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fields: SelectedFields,
  ) {}

  /** A document that is too long to be read to its end costs more than anything that is allowed. */
  get cost(): QueryCost {
    return this.fields.isTooLong ? { ...this.#cost, objects: Number.MAX_SAFE_INTEGER } : this.#cost
  }

  addMutations(set: SelectionSetNode): void {
    for (const [{ name }] of this.fields.in([set])) {
      this.#cost.mutations += 1
      if (name.value === 'sendTestWebhookEvent') this.#cost.testSends += 1
    }
  }

  /**
   * Adds the objects of selections on one type.
   *
   * @param times how many objects of the type there may be
   * @param rows the length of a list in it that has no size argument: the arguments of the page around the list say it
   */
  add(type: GraphQLObjectType, sets: SelectionSetNode[], times = 1, rows?: number): void {
    for (const nodes of this.fields.in(sets)) {
      const [node] = nodes
      const name = node.name.value
      if (name.startsWith('__')) {
        this.#cost.introspected += new IntrospectionCost(this.schema, this.fields).measure(nodes)
        continue
      }
      const field = type.getFields()[name]
      if (field === undefined) continue
      const size = this.#sizeOf(field, node)
      const isList = isListType(getNullableType(field.type))
      const length = size ?? rows ?? LISTS[`${type.name}.${name}`] ?? LIST_DEFAULT
      const count = isList ? times * length : times
      const returned = getNamedType(field.type)
      if (isConnection(returned.name) && argumentOf(node, 'filter') !== undefined)
        this.#cost.objects += times * FILTER_OBJECTS
      if (isObjectType(returned)) {
        this.#cost.objects += count
        this.add(returned, setsOf(nodes), count, isList ? undefined : size)
      } else if (name === 'totalCount' && isConnection(type.name)) {
        this.#cost.objects += times * TOTAL_OBJECTS
      } else if (BODIES.has(name)) {
        this.#cost.objects += times * BODY_OBJECTS
      }
    }
  }

  /** How long the list that a field returns may be, or the list in the page that it returns; undefined = no argument says it. */
  #sizeOf(field: GraphQLField<unknown, unknown>, node: FieldNode): number | undefined {
    for (const [name, max] of Object.entries(SIZE_ARGUMENTS)) {
      const argument = field.args.find((one) => one.name === name)
      if (argument === undefined) continue
      const value = this.fields.valueOf(argumentOf(node, name)) ?? argument.defaultValue
      return Math.min(Math.max(lengthOf(value) ?? max, 1), max)
    }
    return undefined
  }
}

/** The length that a value of a size argument says: a number, or a list of this many. */
function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length
  return typeof value === 'number' ? value : undefined
}

const isConnection = (type: string) => type.endsWith('Connection')

const argumentOf = ({ arguments: args = [] }: FieldNode, name: string): ValueNode | undefined =>
  args.find((argument) => argument.name.value === name)?.value
