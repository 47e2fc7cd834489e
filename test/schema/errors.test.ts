import { ApolloServer } from '@apollo/server'
import {
  GraphQLError,
  type GraphQLFormattedError,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import { Failure, type FailureKind, throwProblems } from '../../src/failure'
import { type ErrorLog, failureOf, formatError } from '../../src/schema/errors'
import { knownOperationTypes } from '../../src/schema/operation-types'

const SECRET = 'S3CR3T'

interface Line {
  level: 'warn' | 'error'
  err: unknown
  errorId: unknown
}

/** A log that records its lines. */
function recordingLog() {
  const lines: Line[] = []
  const write = (level: Line['level']) => (fields: { err: unknown; errorId: unknown }) => {
    lines.push({ level, err: fields.err, errorId: fields.errorId })
  }
  return { lines, log: { warn: write('warn'), error: write('error') } as unknown as ErrorLog }
}

const Box = new GraphQLInputObjectType({
  name: 'Box',
  fields: { number: { type: new GraphQLNonNull(GraphQLInt) } },
})

/** Runs a document by Apollo Server on a schema whose resolvers throw. */
async function answer(thrown: unknown, query = '{ broken }', variables?: Record<string, unknown>) {
  const { lines, log } = recordingLog()
  const resolve = () => {
    throw thrown
  }
  const Query = new GraphQLObjectType({
    name: 'Query',
    fields: {
      broken: { type: GraphQLString, resolve },
      needed: { type: new GraphQLNonNull(GraphQLString), resolve: () => null },
      uneven: { type: GraphQLInt, resolve: () => `${SECRET} is no number` },
      echo: {
        type: GraphQLInt,
        args: { number: { type: GraphQLInt } },
        resolve: (_source, { number }) => number,
      },
      must: { type: GraphQLInt, args: { number: { type: new GraphQLNonNull(GraphQLInt) } } },
      box: { type: GraphQLInt, args: { in: { type: Box } } },
    },
  })
  const server = new ApolloServer({
    schema: new GraphQLSchema({ query: Query }),
    formatError: formatError(log),
    validationRules: [knownOperationTypes],
    executionOptions: { maxCoercionErrors: 2 },
    includeStacktraceInErrorResponses: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const { body } = await server.executeOperation({ query, variables })
  await server.stop()
  const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : []
  const [error] = errors as [GraphQLFormattedError]
  return { error, errors, lines, text: JSON.stringify(errors) }
}

describe('an unexpected error', () => {
  const causes: [string, unknown][] = [
    ['an error', new Error(SECRET)],
    ['an error of another class', new TypeError(`Cannot read properties of ${SECRET}`)],
    ['an error with a code', Object.assign(new Error(SECRET), { code: 'P2002', meta: { target: SECRET } })],
    ['an error with a cause', new Error('x', { cause: new Error(SECRET) })],
    [
      'an error with extensions',
      Object.assign(new Error(SECRET), { extensions: { code: 'CUSTOM', detail: SECRET } }),
    ],
    ['an error that looks like a failure', Object.assign(new Error(SECRET), { name: 'Failure', kind: 'x' })],
    ['an error with a status', Object.assign(new Error(SECRET), { statusCode: 400, status: 400 })],
    ['a GraphQL error of a library', new GraphQLError(SECRET)],
    ['a text', SECRET],
    ['an object', { message: SECRET, kind: 'forbidden' }],
    ['null', null],
  ]

  it.each(causes)('never reaches the caller: %s', async (_case, thrown) => {
    const { error, text } = await answer(thrown)
    expect(error.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    expect(text).not.toContain(SECRET)
    expect(text).not.toMatch(/stack|node_modules|\.ts:/)
  })

  it.each(causes)('is logged under the id that the caller gets: %s', async (_case, thrown) => {
    const { error, lines } = await answer(thrown)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.level).toBe('error')
    expect(lines[0]?.errorId).toMatch(/^[\da-f-]{36}$/)
    expect(error.extensions?.errorId).toBe(lines[0]?.errorId)
  })

  it('is logged unchanged', async () => {
    const thrown = new Error(SECRET)
    const { lines } = await answer(thrown)
    expect(lines[0]?.err).toBe(thrown)
  })

  it('has another id each time', async () => {
    const [one, other] = [await answer(new Error('x')), await answer(new Error('x'))]
    expect(one.error.extensions?.errorId).not.toBe(other.error.extensions?.errorId)
  })

  it('is reported with its path and location', async () => {
    const { error } = await answer(new Error(SECRET), '{ a: broken }')
    expect(error).toMatchObject({ path: ['a'], locations: [{ line: 1, column: 3 }] })
  })

  it.each([
    ['null for a non-null field', '{ needed }'],
    ['a value of another type', '{ uneven }'],
  ])('may come from a resolver that returns %s', async (_case, query) => {
    const { error, lines, text } = await answer(undefined, query)
    expect(error.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    expect(text).not.toContain(SECRET)
    expect(error.extensions?.errorId).toBe(lines[0]?.errorId)
  })

  it('is masked and logged under its own id, one by one', async () => {
    const { errors, lines } = await answer(new Error(SECRET), '{ a: broken b: broken }')
    expect(errors.map(({ extensions }) => extensions?.errorId)).toEqual(lines.map(({ errorId }) => errorId))
    expect(new Set(lines.map(({ errorId }) => errorId)).size).toBe(2)
  })
})

describe('a failure', () => {
  it.each<[FailureKind, string]>([
    ['unauthenticated', 'UNAUTHENTICATED'],
    ['forbidden', 'FORBIDDEN'],
    ['not_found', 'NOT_FOUND'],
    ['validation_failed', 'VALIDATION_FAILED'],
    ['version_conflict', 'VERSION_CONFLICT'],
    ['idempotency_conflict', 'IDEMPOTENCY_CONFLICT'],
    ['query_too_costly', 'QUERY_TOO_COSTLY'],
  ])('%s reaches the caller as %s, with its own message', async (kind, code) => {
    const { error, lines } = await answer(new Failure(kind, 'In words.'))
    expect(error).toMatchObject({ message: 'In words.', path: ['broken'] })
    expect(error.extensions).toEqual({ code })
    expect(lines).toEqual([])
  })

  it.each<[FailureKind, string]>([
    ['service_unavailable', 'SERVICE_UNAVAILABLE'],
    ['outcome_unknown', 'OUTCOME_UNKNOWN'],
  ])(
    '%s, which is no fault of the caller, reaches the caller as %s with the id in the log',
    async (kind, code) => {
      const failure = new Failure(kind, 'In words.')
      const { error, lines } = await answer(failure)
      expect(error).toMatchObject({ message: 'In words.', path: ['broken'] })
      expect(lines).toEqual([{ level: 'warn', err: failure, errorId: expect.any(String) }])
      expect(error.extensions).toEqual({ code, errorId: lines[0]?.errorId })
    },
  )

  it('that is in the log already is not logged again', async () => {
    const { error, lines } = await answer(
      new Failure('service_unavailable', 'In words.', { errorId: 'an-id' }),
    )
    expect(error.extensions).toEqual({ code: 'SERVICE_UNAVAILABLE', errorId: 'an-id' })
    expect(lines).toEqual([])
  })

  it('of the input carries every problem', async () => {
    const problems = [
      { path: ['patch', 'target'], code: 'INVALID_URL' as const, message: 'No URL.' },
      { path: ['patch', 'events', 1, 'type'], code: 'UNKNOWN_EVENT_TYPE' as const, message: 'No type.' },
    ]
    let thrown: unknown
    try {
      throwProblems(problems)
    } catch (error) {
      thrown = error
    }
    const { error } = await answer(thrown)
    const [target, type] = problems
    expect(error.extensions).toEqual({
      code: 'VALIDATION_FAILED',
      problems: [target, { ...type, path: ['patch', 'events', '1', 'type'] }],
    })
    expect(error.message).toContain('No URL.')
    expect(error.message).toContain('No type.')
  })

  it('of a stale version carries the stored endpoint, with its id as a GraphQL ID', async () => {
    const current = { id: 7, version: 3, target: 'https://example.com', updatedAt: new Date(0) }
    const { text } = await answer(new Failure('version_conflict', 'Changed.', { current }))
    expect(JSON.parse(text)[0].extensions).toEqual({
      code: 'VERSION_CONFLICT',
      current: { id: '7', version: 3, target: 'https://example.com', updatedAt: '1970-01-01T00:00:00.000Z' },
    })
  })

  it('has the code of its kind', async () => {
    const { error } = await answer(new Failure('forbidden', 'x'))
    expect(error.extensions?.code).toBe('FORBIDDEN')
  })
})

describe('a database that does not answer', () => {
  const unreachable = Object.assign(new Error(`connect ECONNREFUSED ${SECRET}`), { code: 'ECONNREFUSED' })

  it('is reported to the caller without its address, and logged as a warning', async () => {
    const { error, lines, text } = await answer(unreachable)
    expect(error.extensions?.code).toBe('SERVICE_UNAVAILABLE')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain('ECONNREFUSED')
    expect(lines).toEqual([{ level: 'warn', err: unreachable, errorId: error.extensions?.errorId }])
  })

  it('is a failure of the kind unavailable for the REST API', () => {
    const { log, lines } = recordingLog()
    const { failure, errorId } = failureOf(unreachable, log)
    expect(failure?.kind).toBe('service_unavailable')
    expect(failure?.message).not.toContain(SECRET)
    expect(failure?.details).toEqual({ errorId })
    expect(lines[0]?.errorId).toBe(errorId)
  })
})

describe('a request that GraphQL itself rejects', () => {
  it.each<[string, string, Record<string, unknown> | undefined, string]>([
    ['a document with a syntax error', '{ broken', undefined, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ none }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['an argument of the wrong type', '{ echo(number: "x") }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable of the wrong type', 'query ($n: Int) { echo(number: $n) }', { n: 'x' }, 'BAD_USER_INPUT'],
    ['a variable that is missing', 'query ($n: Int!) { echo(number: $n) }', {}, 'BAD_USER_INPUT'],
    [
      'more bad variables than it reports',
      'query ($a: Int, $b: Int, $c: Int) { a: echo(number: $a) b: echo(number: $b) c: echo(number: $c) }',
      { a: 'x', b: 'x', c: 'x' },
      'BAD_USER_INPUT',
    ],
    [
      'a null for an argument with a default',
      'query ($n: Int = 1) { must(number: $n) }',
      { n: null },
      'BAD_USER_INPUT',
    ],
    ['a null in a literal', 'query ($n: Int = 1) { box(in: { number: $n }) }', { n: null }, 'BAD_USER_INPUT'],
    ['a null for @skip', 'query ($s: Boolean = true) { echo @skip(if: $s) }', { s: null }, 'BAD_USER_INPUT'],
    [
      'a null for @include in a fragment',
      'query ($s: Boolean = true) { ...F } fragment F on Query { echo @include(if: $s) }',
      { s: null },
      'BAD_USER_INPUT',
    ],
    [
      'a subscription, which the schema does not have',
      'subscription { x }',
      undefined,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'an operation that is not there',
      'query A { echo } query B { echo }',
      undefined,
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('reaches the caller with its own message: %s', async (_case, query, variables, code) => {
    const { error, lines } = await answer(undefined, query, variables)
    expect(error.extensions?.code).toBe(code)
    expect(error.extensions?.errorId).toBeUndefined()
    expect(error.message).not.toBe('Internal server error')
    expect(lines).toEqual([])
  })
})
