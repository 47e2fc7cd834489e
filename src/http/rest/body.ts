import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql'
import { type Fault, RestError } from './errors'
import { snakeCase } from './json'

/** Fields that answers carry and requests may send back; they are passed over. */
const READ_ONLY: Record<string, string[]> = {
  WebhookEndpointInput: ['id', 'created_at', 'updated_at'],
  WebhookEndpointPatch: ['id', 'created_at', 'updated_at'],
  WebhookEventInput: ['added_at'],
}

/** Fields of the schema's inputs that the REST API says otherwise: a version is expected by `If-Match`. */
const NOT_IN_BODY = new Set(['expectedVersion', 'idempotencyKey'])

/** What is missing is no fault of type: it is told along with what else is wrong with the values that are there. */
const MISSING = new Set(['required', 'null_not_allowed'])

/**
 * Turns a JSON body into an input of the schema, renaming its fields and judging their types by the schema's own, as
 * GraphQL judges variables: all faults of type at once, before anything else is looked at.
 *
 * @param judge every other fault of the fields that are there, where some are missing
 * @throws RestError 400
 */
export function readBody(
  json: unknown,
  type: GraphQLInputType,
  judge: (given: Record<string, unknown>) => Fault[] = () => [],
): Record<string, unknown> {
  if (json === undefined)
    throw new RestError(400, [{ code: 'required', message: 'A JSON body is required.' }])
  const faults: Fault[] = []
  const value = read(json, type, [], faults) as Record<string, unknown>
  if (faults.length === 0) return value
  if (!faults.every(({ code }) => MISSING.has(code))) throw new RestError(400, faults)
  const faulty = new Set(faults.map(({ field }) => field?.split('.', 1)[0]))
  const whole = Object.entries(value).filter(([name]) => !faulty.has(snakeCase(name)))
  throw new RestError(400, [...faults, ...judge(Object.fromEntries(whole))])
}

type Path = (string | number)[]

function read(json: unknown, type: GraphQLInputType, path: Path, faults: Fault[]): unknown {
  if (isNonNullType(type)) {
    if (json !== null) return read(json, type.ofType, path, faults)
    const isItem = typeof path.at(-1) === 'number'
    const code = isItem ? 'wrong_type' : 'null_not_allowed'
    return refuse(faults, path, code, 'This must not be null.')
  }
  if (json === null)
    return path.length === 0 ? refuse(faults, path, 'wrong_type', 'This must be an object.') : null
  if (isListType(type)) {
    // GraphQL takes a lone value for a list of one.
    if (!Array.isArray(json)) return [read(json, type.ofType, path, faults)]
    return json.map((item, index) => read(item, type.ofType, [...path, index], faults))
  }
  if (isInputObjectType(type)) return readObject(json, type, path, faults)
  try {
    type.parseValue(json)
    return json
  } catch {
    return refuse(faults, path, 'wrong_type', `This must be ${KIND_OF[type.name] ?? `a ${type.name}`}.`)
  }
}

const KIND_OF: Record<string, string> = {
  Boolean: 'true or false',
  String: 'a string',
  Int: 'a whole number',
  ID: 'an id',
}

function readObject(json: unknown, type: GraphQLInputObjectType, path: Path, faults: Fault[]): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refuse(faults, path, 'wrong_type', 'This must be an object.')
  }
  const fields = Object.values(type.getFields()).filter((field) => !NOT_IN_BODY.has(field.name))
  const known = new Set([...fields.map((field) => snakeCase(field.name)), ...(READ_ONLY[type.name] ?? [])])
  const value: Record<string, unknown> = {}
  for (const field of fields) {
    const name = snakeCase(field.name)
    const given = Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined
    if (given !== undefined) value[field.name] = read(given, field.type, [...path, name], faults)
    else if (isRequiredInputField(field))
      refuse(faults, [...path, name], 'required', 'This field is required.')
  }
  for (const name of Object.keys(json)) {
    if (!known.has(name)) refuse(faults, [...path, name], 'unknown_field', 'There is no such field.')
  }
  return value
}

function refuse(faults: Fault[], path: Path, code: string, message: string): undefined {
  faults.push({ field: path.length > 0 ? path.join('.') : undefined, code, message })
  return undefined
}
