import { ApolloServer } from '@apollo/server'
import {
  GraphQLError,
  type GraphQLFormattedError,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import { Failure, type FailureKind, throwProblems } from '../../src/failure'
import { type ErrorLog, failureOf, formatError } from '../../src/schema/errors'

const SECRET = 'S3CR3T'

interface Line {
  level: 'warn' | 'error'
  err: unknown
  errorId: unknown
}

/** A log that remembers what was written to it. */
function rememberingLog() {
  const lines: Line[] = []
  const write = (level: Line['level']) => (fields: { err: unknown; errorId: unknown }) => {
    lines.push({ level, err: fields.err, errorId: fields.errorId })
  }
  return { lines, log: { warn: write('warn'), error: write('error') } as unknown as ErrorLog }
}

/** Runs a document by Apollo Server, as the gateway does, on a schema whose resolvers throw. */
async function answer(thrown: unknown, query = '{ broken }', variables?: Record<string, unknown>) {
  const { lines, log } = rememberingLog()
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
    },
  })
  const server = new ApolloServer({
    schema: new GraphQLSchema({ query: Query }),
    formatError: formatError(log),
    includeStacktraceInErrorResponses: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const { body } = await server.executeOperation({ query, variables })
  await server.stop()
  const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : []
  const [error] = errors as [GraphQLFormattedError]
  return { error, errors, lines, text: JSON.stringify(errors) }
}

describe('an error that nobody foresaw', () => {
  const causes: [string, unknown][] = [
    ['an error', new Error(SECRET)],
    ['an error of a kind of its own', new TypeError(`Cannot read properties of ${SECRET}`)],
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

  it.each(causes)('is in the log under the id that the caller gets: %s', async (_case, thrown) => {
    const { error, lines } = await answer(thrown)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.level).toBe('error')
    expect(lines[0]?.errorId).toMatch(/^[\da-f-]{36}$/)
    expect(error.extensions?.errorId).toBe(lines[0]?.errorId)
  })

  it('is in the log as it was thrown', async () => {
    const thrown = new Error(SECRET)
    const { lines } = await answer(thrown)
    expect(lines[0]?.err).toBe(thrown)
  })

  it('has another id each time', async () => {
    const [one, other] = [await answer(new Error('x')), await answer(new Error('x'))]
    expect(one.error.extensions?.errorId).not.toBe(other.error.extensions?.errorId)
  })

  it('says where it happened', async () => {
    const { error } = await answer(new Error(SECRET), '{ a: broken }')
    expect(error).toMatchObject({ path: ['a'], locations: [{ line: 1, column: 3 }] })
  })

  it.each([
    ['a null where none may be', '{ needed }'],
    ['a value of another type', '{ uneven }'],
  ])('may be a resolver that answers %s', async (_case, query) => {
    const { error, lines, text } = await answer(undefined, query)
    expect(error.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    expect(text).not.toContain(SECRET)
    expect(error.extensions?.errorId).toBe(lines[0]?.errorId)
  })

  it('is masked by itself, however many there are', async () => {
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
    ['unavailable', 'INTERNAL_SERVER_ERROR'],
  ])('%s reaches the caller as %s, in its own words', async (kind, code) => {
    const { error, lines } = await answer(new Failure(kind, 'In words.'))
    expect(error).toMatchObject({ message: 'In words.', path: ['broken'] })
    expect(error.extensions).toEqual({ code })
    expect(lines).toEqual([])
  })

  it('of the input carries every problem', async () => {
    const problems = [
      { path: ['patch', 'target'], code: 'INVALID_URL' as const, message: 'No URL.' },
      { path: ['patch', 'events', 1, 'type'], code: 'UNKNOWN_EVENT_TYPE' as const, message: 'No type.' },
    ]
    let refused: unknown
    try {
      throwProblems(problems)
    } catch (error) {
      refused = error
    }
    const { error } = await answer(refused)
    expect(error.extensions).toEqual({ code: 'VALIDATION_FAILED', problems })
    expect(error.message).toContain('No URL.')
    expect(error.message).toContain('No type.')
  })

  it('of a stale version carries the endpoint as it is stored, its id as GraphQL writes it', async () => {
    const current = { id: 7, version: 3, target: 'https://example.com', updatedAt: new Date(0) }
    const { text } = await answer(new Failure('version_conflict', 'Changed.', { current }))
    expect(JSON.parse(text)[0].extensions).toEqual({
      code: 'VERSION_CONFLICT',
      current: { id: '7', version: 3, target: 'https://example.com', updatedAt: '1970-01-01T00:00:00.000Z' },
    })
  })

  it('may not pass itself off as something else by its details', async () => {
    const { error } = await answer(new Failure('forbidden', 'x'))
    expect(error.extensions?.code).toBe('FORBIDDEN')
  })
})

describe('a database that does not answer', () => {
  const away = Object.assign(new Error(`connect ECONNREFUSED ${SECRET}`), { code: 'ECONNREFUSED' })

  it('is told to the caller without its address, and is in the log as a warning', async () => {
    const { error, lines, text } = await answer(away)
    expect(error.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain('ECONNREFUSED')
    expect(lines).toEqual([{ level: 'warn', err: away, errorId: error.extensions?.errorId }])
  })

  it('is a failure of its own kind, for the REST API', () => {
    const { log, lines } = rememberingLog()
    const { failure, errorId } = failureOf(away, log)
    expect(failure?.kind).toBe('unavailable')
    expect(failure?.message).not.toContain(SECRET)
    expect(lines[0]?.errorId).toBe(errorId)
  })
})

describe('what GraphQL itself refuses', () => {
  it.each<[string, string, Record<string, unknown> | undefined, string]>([
    ['a document that is none', '{ broken', undefined, 'GRAPHQL_PARSE_FAILED'],
    ['a field that is none', '{ none }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['an argument of the wrong type', '{ echo(number: "x") }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable of the wrong type', 'query ($n: Int) { echo(number: $n) }', { n: 'x' }, 'BAD_USER_INPUT'],
    ['a variable that is missing', 'query ($n: Int!) { echo(number: $n) }', {}, 'BAD_USER_INPUT'],
  ])('reaches the caller in its own words: %s', async (_case, query, variables, code) => {
    const { error, lines } = await answer(undefined, query, variables)
    expect(error.extensions?.code).toBe(code)
    expect(error.extensions?.errorId).toBeUndefined()
    expect(error.message).not.toBe('Internal server error')
    expect(lines).toEqual([])
  })
})
