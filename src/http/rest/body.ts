import {
  coerceInputValue,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLNonNull,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isRequiredInputField,
} from 'graphql'
import { PROBLEMS_MAX, type Problem } from '../../failure'
import { snakeCase } from '../../snake-case'
import { RestError, type RestProblem, restProblem } from './errors'

/** The type of a body, and the problems of its fields that are given and of the right type. */
export interface Body {
  type: GraphQLInputObjectType
  problemsOf?(given: Record<string, unknown>): Problem[]
}

type Path = readonly (string | number)[]

/** Fields of responses that a request may send back. They are ignored. */
const READ_ONLY: Record<string, string[]> = {
  WebhookEndpointInput: ['id', 'created_at', 'updated_at'],
  WebhookEndpointPatch: ['id', 'created_at', 'updated_at'],
  WebhookEndpointEventInput: ['added_at'],
}

/** Fields of the schema's inputs that the REST API takes from the headers If-Match and Idempotency-Key. */
const NOT_IN_BODY = ['expectedVersion', 'idempotencyKey']

/** Fields of the input that a request has in its headers, and the problems of these headers. */
export interface HeaderFields {
  fields: Record<string, unknown>
  problems: RestProblem[]
}

/** Codes of missing values. They are reported together with the problems of the values that are there. */
const MISSING = ['required', 'null_not_allowed']

/**
 * Makes the function that turns a JSON body into an input of the schema: it gives the fields their names in the schema,
 * then graphql-js coerces the values. Call it at start, not for each request.
 *
 * The function throws RestError 400 with every problem of type. If the only ones are missing values, the error also has
 * the problems that validation finds in the other values.
 */
export function bodyReader<Input>({
  type,
  problemsOf = () => [],
}: Body): (json: unknown, headers?: HeaderFields) => Input {
  const requiredType = new GraphQLNonNull(type)
  const rename = renamer(type)
  return (json, headers) => {
    if (json === undefined) throw new RestError(400, [problemAt([], 'required', 'A JSON body is required.')])
    const ownProblems: RestProblem[] = []
    const renamed = rename(json, [], ownProblems)
    // By field: graphql-js reports an object once for each required field that it lacks.
    const typeProblems = new Map<string | undefined, RestProblem>()
    const input = coerceInputValue(renamed, requiredType, (path, value) => {
      // No error lists more of them, and graphql-js takes its time for each.
      if (typeProblems.size >= PROBLEMS_MAX) throw new RestError(400, [...typeProblems.values()])
      for (const problem of problemsOfType(type, path, value)) typeProblems.set(problem.field, problem)
    })
    const problems = [...typeProblems.values(), ...ownProblems, ...(headers?.problems ?? [])]
    if (problems.length === 0) return Object.assign(input as object, headers?.fields) as Input
    if (!problems.every(({ code }) => MISSING.includes(code))) throw new RestError(400, problems)
    const given = withoutFieldsOf(problems, { ...(input as Record<string, unknown>), ...headers?.fields })
    throw new RestError(400, [...problems, ...problemsOf(given).map(restProblem)])
  }
}

/**
 * Gives the fields of a JSON value their names in the schema. Collects the problems that graphql-js does not report: fields
 * that the type does not have, and values that are no list in place of a list.
 */
type Rename = (json: unknown, path: Path, problems: RestProblem[]) => unknown

function renamer(type: GraphQLInputType): Rename {
  const nullable = getNullableType(type)
  if (isInputObjectType(nullable)) return objectRenamer(nullable)
  if (!isListType(nullable)) return (json) => json
  const rename = renamer(nullable.ofType)
  return (json, path, problems) => {
    if (json === null || json === undefined) return json
    if (Array.isArray(json)) return json.map((item, index) => rename(item, [...path, index], problems))
    // GraphQL would take this value as a list of one, and a patch with it would replace the whole list.
    problems.push(problemAt(path, 'wrong_type', 'This must be a list.'))
    return []
  }
}

function objectRenamer(type: GraphQLInputObjectType): Rename {
  const fields = Object.values(type.getFields()).filter(({ name }) => !NOT_IN_BODY.includes(name))
  const byName = new Map(
    fields.map((field) => [snakeCase(field.name), { name: field.name, rename: renamer(field.type) }]),
  )
  const ignored = READ_ONLY[type.name] ?? []
  return (json, path, problems) => {
    if (!isObject(json)) return json
    const renamed: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(json)) {
      const field = byName.get(name)
      const fieldPath = [...path, name]
      if (field) renamed[field.name] = field.rename(value, fieldPath, problems)
      else if (!ignored.includes(name)) {
        problems.push(problemAt(fieldPath, 'unknown_field', 'There is no such field.'))
      }
    }
    return renamed
  }
}

/**
 * The problems that make graphql-js report a value: null, an object that lacks required fields, or a wrong type.
 *
 * @param type the type of the body
 * @param path leads from the body to the value, by names of the schema
 */
function problemsOfType(type: GraphQLInputObjectType, path: Path, value: unknown): RestProblem[] {
  const restPath = path.map((key) => (typeof key === 'string' ? snakeCase(key) : key))
  if (value === null && typeof path.at(-1) === 'string') {
    return [problemAt(restPath, 'null_not_allowed', 'This must not be null.')]
  }
  const expected = typeAt(type, path)
  if (isInputObjectType(expected) && isObject(value)) {
    return Object.values(expected.getFields())
      .filter((field) => isRequiredInputField(field) && value[field.name] === undefined)
      .map(({ name }) => problemAt([...restPath, snakeCase(name)], 'required', 'This field is required.'))
  }
  const kind = isInputObjectType(expected) ? 'an object' : (KINDS[expected.name] ?? `a ${expected.name}`)
  return [problemAt(restPath, 'wrong_type', `This must be ${kind}.`)]
}

const KINDS: Record<string, string> = {
  Boolean: 'true or false',
  String: 'a string',
  Int: 'a whole number',
  ID: 'an id',
}

/** The type at the end of a path, without its non-null and list wrappers. */
function typeAt(type: GraphQLInputType, path: Path) {
  let current = getNamedType(type)
  for (const key of path) {
    const field = isInputObjectType(current) ? current.getFields()[key] : undefined
    if (field) current = getNamedType(field.type)
  }
  return current
}

/** @param path by names of the REST API; empty = the body as a whole */
function problemAt(path: Path, code: string, message: string): RestProblem {
  return { field: path.length > 0 ? path.join('.') : undefined, code, message }
}

function withoutFieldsOf(problems: RestProblem[], input: Record<string, unknown>): Record<string, unknown> {
  const names = new Set(problems.map(({ field }) => field?.split('.', 1)[0]))
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.has(snakeCase(name))))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
