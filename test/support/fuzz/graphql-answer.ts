import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  type DocumentNode,
  executeSync,
  type GraphQLScalarType,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql'
import { jsonOf, type WireAnswer } from '../wire'

/** The codes that an answer may have. INTERNAL_SERVER_ERROR is always a bug. */
const CODES = new Set(
  `UNAUTHENTICATED FORBIDDEN NOT_FOUND VALIDATION_FAILED VERSION_CONFLICT CONFLICT RATE_LIMITED BAD_USER_INPUT
  BAD_REQUEST GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED OPERATION_RESOLUTION_FAILURE
  PERSISTED_QUERY_NOT_SUPPORTED`.split(/\s+/),
)
const PROBLEMS = new Set(
  `REQUIRED NULL_NOT_ALLOWED INVALID_URL SCHEME_NOT_ALLOWED ADDRESS_NOT_ALLOWED TOO_LONG UNKNOWN_EVENT_TYPE EMPTY
  INVALID_CHARACTER UNKNOWN_EVENT OUT_OF_RANGE`.split(/\s+/),
)

export interface AnsweredError {
  message: string
  path?: (string | number)[]
  extensions: Record<string, unknown> & { code: string }
}

export interface GraphqlBody {
  data?: Record<string, unknown> | null
  errors?: AnsweredError[]
}

/** The published schema, with a DateTime that checks its values. */
export const schema: GraphQLSchema = buildSchema(
  readFileSync(join(__dirname, '../../../schema.graphql'), 'utf8'),
)
const DateTime = schema.getType('DateTime') as GraphQLScalarType
DateTime.serialize = (value) => {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value))) return value
  throw new Error(`${value} is no instant`)
}

/**
 * Checks an answer of `/graphql` against the published schema: the document, executed with the answer as its data, must
 * return the same answer.
 *
 * @param request the body that was sent, for its variables
 * @param query undefined = the request has no document: the answer must be an error
 */
export function graphqlBodyOf(answer: WireAnswer, query: string | undefined, request = '{}'): GraphqlBody {
  const body = jsonOf(answer) as GraphqlBody
  expect(Object.keys(body).filter((key) => key !== 'data' && key !== 'errors')).toEqual([])
  if (body.errors !== undefined) expectErrors(body.errors)
  if (body.data === undefined || body.data === null) {
    expect(body.errors).toBeDefined()
    return body
  }
  const document = query === undefined ? undefined : runnable(query)
  if (document === undefined) throw new Error(`data for an invalid document: ${query}`)
  expectShape(body.data, document, JSON.parse(request).variables)
  for (const { path } of body.errors ?? []) expectNullAt(body.data, path ?? [])
  return body
}

/** @returns undefined when the document is invalid */
function runnable(query: string): DocumentNode | undefined {
  try {
    const document = parse(query)
    return validate(schema, document).length === 0 ? document : undefined
  } catch {
    return undefined
  }
}

function expectErrors(errors: AnsweredError[]): void {
  expect(errors.length).toBeGreaterThan(0)
  for (const { message, extensions } of errors) {
    expect(message).toMatch(/\S/)
    expect(CODES).toContain(extensions?.code)
    expect(extensions).not.toHaveProperty('stacktrace')
    if (extensions.code !== 'VALIDATION_FAILED') continue
    const problems = extensions.problems as { code: string }[]
    expect(problems).not.toEqual([])
    for (const problem of problems) {
      expect(problem).toEqual({
        path: expect.any(Array),
        code: expect.any(String),
        message: expect.any(String),
      })
      expect(PROBLEMS).toContain(problem.code)
    }
  }
}

function expectShape(
  data: Record<string, unknown>,
  document: DocumentNode,
  variables: Record<string, unknown> | undefined,
): void {
  // Introspection returns the schema itself, in an order that is no part of the contract.
  if (/__(schema|type)\b/.test(JSON.stringify(Object.keys(data)))) return
  const again = executeSync({
    schema,
    document,
    rootValue: data,
    variableValues: variables,
    // The answer names values by their aliases.
    fieldResolver: (parent, _args, _context, { path }) => parent[path.key],
  })
  expect(again.errors ?? []).toEqual([])
  expect(JSON.parse(JSON.stringify(again.data))).toEqual(data)
}

/** The answer has null at the path of an error, or at a prefix of that path. */
function expectNullAt(data: unknown, path: (string | number)[]): void {
  let value = data
  for (const step of path) {
    if (value === null) return
    value = (value as Record<string | number, unknown>)[step]
  }
  expect(value).toBeNull()
}
