import { type DocumentNode, executeSync, parse, validate } from 'graphql'
import { jsonOf, type WireAnswer } from '../../wire'
import { publishedSchema } from './published-schema'

/** Every code that an error may have. INTERNAL_SERVER_ERROR is none of them. */
const CODES = new Set(
  `UNAUTHENTICATED FORBIDDEN NOT_FOUND VALIDATION_FAILED VERSION_CONFLICT IDEMPOTENCY_CONFLICT RATE_LIMITED BAD_USER_INPUT
  BAD_REQUEST GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED OPERATION_RESOLUTION_FAILURE
  PERSISTED_QUERY_NOT_SUPPORTED QUERY_TOO_COSTLY`.split(/\s+/),
)
const PROBLEM_CODES = new Set(
  `REQUIRED NULL_NOT_ALLOWED INVALID_URL SCHEME_NOT_ALLOWED ADDRESS_NOT_ALLOWED TOO_LONG UNKNOWN_EVENT_TYPE EMPTY
  INVALID_CHARACTER UNKNOWN_ID OUT_OF_RANGE INVALID_CURSOR EXCLUSIVE`.split(/\s+/),
)

interface AnsweredError {
  message: string
  path?: (string | number)[]
  extensions: Record<string, unknown> & { code: string }
}

export interface GraphqlBody {
  data?: Record<string, unknown> | null
  errors?: AnsweredError[]
}

/**
 * Reads the body of a GraphQL answer and checks its form: the documented errors, and data that fit the query and the
 * published schema. For the data, graphql-js runs the query on the answered data and must return the same data.
 *
 * @param request the JSON body that was sent, for its variables
 * @throws when the body has another form, or has data although the schema does not allow the query
 */
export function checkedBody(answer: WireAnswer, query: string, request = '{}'): GraphqlBody {
  const body = jsonOf(answer) as GraphqlBody
  expect(Object.keys(body).filter((key) => key !== 'data' && key !== 'errors')).toEqual([])
  if (body.errors !== undefined) expectErrors(body.errors)
  if (body.data === undefined || body.data === null) {
    expect(body.errors).toBeDefined()
    return body
  }
  const document = validDocument(query)
  if (document === undefined) throw new Error(`data for an invalid query: ${query}`)
  expectShape(body.data, document, JSON.parse(request).variables)
  for (const { path } of body.errors ?? []) expectNullAt(body.data, path ?? [])
  return body
}

/** @returns undefined when the query has a syntax error or the schema does not allow it */
function validDocument(query: string): DocumentNode | undefined {
  try {
    const document = parse(query)
    return validate(publishedSchema, document).length === 0 ? document : undefined
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
      expect(PROBLEM_CODES).toContain(problem.code)
    }
  }
}

function expectShape(
  data: Record<string, unknown>,
  document: DocumentNode,
  variables: Record<string, unknown> | undefined,
): void {
  // Introspection describes the schema itself, in an order that the contract leaves open.
  if (/__(schema|type)\b/.test(JSON.stringify(Object.keys(data)))) return
  const again = executeSync({
    schema: publishedSchema,
    document,
    rootValue: data,
    variableValues: variables,
    // The answered data name an aliased field by its alias, which is the key of the path.
    fieldResolver: (parent, _args, _context, { path }) => parent[path.key],
  })
  expect(again.errors ?? []).toEqual([])
  // Data of events may have numbers beyond the range of doubles, which only the parser of the answer reads as infinite.
  expect(JSON.parse(JSON.stringify(again.data))).toEqual(JSON.parse(JSON.stringify(data)))
}

/** Throws unless the data have null at the path of an error, or at one of its parents. */
function expectNullAt(data: unknown, path: (string | number)[]): void {
  let value = data
  for (const step of path) {
    if (value === null) return
    value = (value as Record<string | number, unknown>)[step]
  }
  expect(value).toBeNull()
}
