import {
  buildSchema as buildFromText,
  getIntrospectionQuery,
  getOperationAST,
  graphqlSync,
  type OperationDefinitionNode,
  parse,
} from 'graphql'
import { queryCost } from '../../../src/schema/cost/query-cost'

/** A schema with every shape of list: pages, connections, lists with a size, lists without. */
const schema = buildFromText(`
  type Query {
    endpoint: Endpoint
    webhookEndpoints(limit: Int = 20, offset: Int = 0): Page
    events(first: Int = 20, after: String): Connection
    ranked(first: Int = 5): [Ranking!]
    webhookEventTypes: [EventType!]
    statistics(buckets: Int = 24): Statistics
  }
  type Mutation {
    change(id: ID!): Endpoint
    sendTestWebhookEvent(endpointId: ID!): Endpoint
    resend(eventIds: [ID!]!): Resent
  }
  type Resent { deliveries: [Endpoint!]! }
  type Page { totalCount: Int!  nodes: [Endpoint!]! }
  type Connection { totalCount: Int  nodes: [Endpoint!]!  edges: [Edge!]!  pageInfo: PageInfo! }
  type Edge { cursor: String!  node: Endpoint! }
  type PageInfo { hasNextPage: Boolean! }
  type Endpoint { id: ID!  names: [String!]!  types: [EventType!]!  next: Endpoint  events(first: Int = 20): Connection  body: String! }
  type EventType { type: String! }
  type Ranking { endpoint: Endpoint  value: Float! }
  type Statistics { buckets: [Bucket!]! }
  type Bucket { count: Int! }
`)
const costOf = queryCost(schema)

function measure(query: string, variables?: Record<string, unknown>) {
  const document = parse(query)
  return costOf(document, getOperationAST(document) as OperationDefinitionNode, variables)
}

const objectsOf = (query: string, variables: Record<string, unknown> = {}) =>
  measure(query, variables).objects

describe('the objects of', () => {
  it.each<[what: string, query: string, objects: number]>([
    ['an object', '{ endpoint { id } }', 1],
    ['objects in objects', '{ endpoint { next { next { id } } } }', 3],
    ['a page of the default size', '{ webhookEndpoints { nodes { id } } }', 21],
    ['a page without its rows', '{ webhookEndpoints(limit: 100) { totalCount } }', 1],
    ['a page of another size', '{ webhookEndpoints(limit: 3) { nodes { id } } }', 4],
    [
      'a page of null objects, which is the default',
      '{ webhookEndpoints(limit: null) { nodes { id } } }',
      21,
    ],
    ['a page larger than the largest', '{ webhookEndpoints(limit: 5000) { nodes { id } } }', 101],
    ['a page of no object', '{ webhookEndpoints(limit: 0) { nodes { id } } }', 2],
    ['a page of a negative size', '{ webhookEndpoints(limit: -7) { nodes { id } } }', 2],
    ['a connection by its nodes', '{ events(first: 7) { nodes { id } } }', 8],
    ['a connection by its edges', '{ events(first: 7) { edges { node { id } } } }', 15],
    ['a connection with its pageInfo', '{ events(first: 7) { nodes { id } pageInfo { hasNextPage } } }', 9],
    [
      'a connection in a connection',
      '{ events(first: 10) { nodes { events(first: 10) { nodes { id } } } } }',
      121,
    ],
    ['a list with a size', '{ ranked(first: 7) { endpoint { id } } }', 14],
    ['a list without a size', '{ endpoint { types { type } } }', 11],
    ['a list without a size in a page', '{ webhookEndpoints(limit: 2) { nodes { types { type } } } }', 23],
    ['the catalogue', '{ webhookEventTypes { type } }', 100],
    ['a list of texts', '{ endpoint { names } }', 1],
    ['buckets', '{ statistics(buckets: 300) { buckets { count } } }', 301],
    ['bodies', '{ events(first: 7) { nodes { body } } }', 78],
    ['ids', 'mutation { resend(eventIds: ["1", "2", "3"]) { deliveries { id } } }', 4],
    ['aliases', '{ a: endpoint { id } b: endpoint { id } }', 2],
    ['one response key that is selected twice', '{ endpoint { next { id } } endpoint { next { id } } }', 2],
    ['a fragment', 'query { ...F } fragment F on Query { endpoint { id } }', 1],
    ['an inline fragment', '{ ... on Query { ... { endpoint { id } } } }', 1],
    [
      'a fragment of several places',
      '{ endpoint { ...F next { ...F } } } fragment F on Endpoint { next { id types { type } } }',
      23,
    ],
    ['a field that is skipped', '{ endpoint { next @skip(if: true) { id } } }', 1],
    ['a field that is not included', '{ endpoint { next @include(if: false) { id } } }', 1],
    ['a field that is included', '{ endpoint { next @include(if: true) @skip(if: false) { id } } }', 2],
    ['a fragment that is skipped', '{ ...F @skip(if: true) } fragment F on Query { endpoint { id } }', 0],
    ['__typename', '{ __typename endpoint { __typename } }', 1],
  ])('%s', (_, query, objects) => {
    expect(objectsOf(query)).toBe(objects)
  })

  it.each<[what: string, variables: Record<string, unknown>, objects: number]>([
    ['a number', { n: 3 }, 4],
    ['left out, so the default of the variable counts', {}, 8],
    ['null, so the default of the argument counts', { n: null }, 21],
    ['of a wrong type, so the largest counts', { n: '3' }, 101],
    ['infinite', { n: Number.POSITIVE_INFINITY }, 101],
  ])('a page with a variable that is %s', (_, variables, objects) => {
    expect(objectsOf('query ($n: Int = 7) { webhookEndpoints(limit: $n) { nodes { id } } }', variables)).toBe(
      objects,
    )
  })

  it('a field that a variable skips', () => {
    const query = 'query ($skip: Boolean = true) { endpoint { next @skip(if: $skip) { id } } }'
    expect([objectsOf(query, { skip: true }), objectsOf(query, { skip: false }), objectsOf(query)]).toEqual([
      1, 2, 1,
    ])
  })

  it('a list of ids in a variable', () => {
    const query = 'mutation ($ids: [ID!]!) { resend(eventIds: $ids) { deliveries { id } } }'
    expect(objectsOf(query, { ids: ['1', '2'] })).toBe(3)
  })

  it('unknown variables, each at its worst', () => {
    const query = `query ($n: Int = 7, $skip: Boolean = true) {
      webhookEndpoints(limit: $n) { nodes { next @skip(if: $skip) { id } } }
    }`
    expect(measure(query).objects).toBe(201)
  })

  it('a document whose fragments multiply, without reading it to its end', () => {
    const fragments = Array.from(
      { length: 40 },
      (_unused, nth) =>
        `fragment F${nth} on Endpoint { a: next { ...F${nth + 1} } b: next { ...F${nth + 1} } }`,
    )
    const query = `{ endpoint { ...F0 } } ${fragments.join(' ')} fragment F40 on Endpoint { id }`
    expect(objectsOf(query)).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('the mutations of a request', () => {
  it('are its root fields, through fragments, without what is skipped', () => {
    const query = `mutation ($no: Boolean!) {
      a: change(id: 1) { id } ...F c: change(id: 1) @skip(if: $no) { id }
    } fragment F on Mutation { b: sendTestWebhookEvent(endpointId: 1) { id } ... { d: sendTestWebhookEvent(endpointId: 1) { id } } }`
    expect(measure(query, { no: true })).toMatchObject({ mutations: 3, testSends: 2 })
    expect(measure(query, { no: false })).toMatchObject({ mutations: 4, testSends: 2 })
    expect(measure('{ endpoint { id } }')).toMatchObject({ mutations: 0, testSends: 0 })
  })
})

describe('introspection counts what it answers', () => {
  /** The objects of an answer. */
  const objectsIn = (value: unknown): number => {
    if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + objectsIn(item), 0)
    if (typeof value !== 'object' || value === null) return 0
    return 1 + Object.values(value).reduce((sum: number, item) => sum + objectsIn(item), 0)
  }

  it.each<[what: string, query: string]>([
    ["GraphiQL's query", getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true })],
    [
      'one type',
      '{ __type(name: "Endpoint") { fields { name args { name } type { name ofType { name } } } } }',
    ],
    ['a type that does not exist', '{ __type(name: "Nothing") { fields { name } } }'],
    ['types in fields of types', '{ __schema { types { fields { type { fields { type { name } } } } } } }'],
    ['directives', '{ __schema { directives { name args { type { name } } } queryType { name } } }'],
    ['nothing but the name', '{ __typename }'],
  ])('%s', (_, query) => {
    const { data } = graphqlSync({ schema, source: query })
    // The root of the answer is no object of the schema.
    expect(measure(query, {}).introspected).toBe(objectsIn(data) - 1)
  })

  it('with a name in a variable', () => {
    const query = 'query ($name: String!) { __type(name: $name) { fields { name } } }'
    expect(measure(query, { name: 'EventType' }).introspected).toBe(2)
    expect(measure(query).introspected).toBeGreaterThan(50)
  })

  it('up to a bound, without looking at more', () => {
    const levels = Array.from(
      { length: 12 },
      (_unused, nth) =>
        `fragment F${nth} on __Type { a: fields { type { ...F${nth + 1} } } b: fields { type { ...F${nth + 1} } } }`,
    )
    const query = `{ __schema { types { ...F0 } } } ${levels.join(' ')} fragment F12 on __Type { name }`
    expect(measure(query).introspected).toBe(200_000)
  })
})

it('a schema with abstract types is refused: their fields are not counted', () => {
  const withUnion = buildFromText('type Query { any: Any } union Any = A type A { id: ID }')
  expect(() => queryCost(withUnion)).toThrow('abstract type Any')
})
