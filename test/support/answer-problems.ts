import type { GraphqlAnswer, RestAnswer } from './gateway'

/**
 * One fault as REST and GraphQL report it, in REST spelling: `target invalid_url`, `events.1.type unknown_event_type`, or
 * only the code of a fault of the whole request.
 */
export type Fault = string

interface RestError {
  field?: string
  code?: string
  message?: string
  messages?: { message: string; code: string }[]
}

/** The status and the faults of a REST answer. Faults are sorted: their order is no part of the contract. */
export function restResult({ status, body }: Pick<RestAnswer, 'status' | 'body'>) {
  const errors: RestError[] = body?.errors ?? []
  const faults = errors.flatMap(
    ({ field, code, messages }) => messages?.map((fault) => `${field} ${fault.code}`) ?? [`${code}`],
  )
  return resultOf(status, faults)
}

/** The `restResult` of an answer with this status and these faults. */
export const resultOf = (status: number, faults: Fault[]) => ({ status, faults: [...faults].sort() })

/** The codes of a GraphQL answer's errors, in order. */
export const graphqlCodes = ({ errors = [] }: GraphqlAnswer) => errors.map((error) => error.extensions?.code)

/** Every problem of a `VALIDATION_FAILED`, sorted. The path is in REST spelling, the code unchanged. */
export function graphqlProblems({ errors = [] }: GraphqlAnswer): Fault[] {
  const problems = errors.flatMap(({ extensions }) => extensions?.problems ?? []) as {
    path: (string | number)[]
    code: string
  }[]
  return problems
    .map(({ path: [argument, ...path], code }) => `${argument}: ${snakeCase(path.join('.'))} ${code}`)
    .sort()
}

/** The `graphqlProblems` for faults in REST spelling. */
export const problemsOf = (argument: 'patch' | 'input', faults: Fault[]) =>
  faults.map((fault) => `${argument}: ${fault.replace(/\w+$/, (code) => code.toUpperCase())}`).sort()

/** JSON in REST spelling as GraphQL variables; only the names of fields change, at any depth. */
export function graphqlSpelling(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(graphqlSpelling)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [camelCase(name), graphqlSpelling(value)]),
  )
}

const camelCase = (name: string) => name.replace(/(?<=[a-z])_([a-z])/g, (_, letter) => letter.toUpperCase())

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
