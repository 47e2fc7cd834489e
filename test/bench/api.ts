import { sign } from 'jsonwebtoken'
import { JWT_SECRET } from './processes'

/** The request header that authorizes every call of a gateway: a token with the role admin. */
export const AUTHORIZATION = {
  authorization: `Bearer ${sign({ role: 'admin', sub: 'bench' }, JWT_SECRET, { expiresIn: '2h' })}`,
}

const HEADERS = { 'content-type': 'application/json', ...AUTHORIZATION }

/** One call of the REST API. */
export interface RestCall {
  method: string
  /** below /api/v2/webhook/ */
  path: string
  /** the body, before it is JSON; undefined = none */
  json?: unknown
}

/**
 * Calls the gateway's REST API and returns the parsed answer.
 *
 * @param url of the gateway
 * @throws Error for any status but a 2xx
 */
export async function rest<Answer>(url: string, { method, path, json }: RestCall): Promise<Answer> {
  const body = json === undefined ? undefined : JSON.stringify(json)
  const response = await fetch(`${url}/api/v2/webhook/${path}`, { method, headers: HEADERS, body })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

/**
 * Runs a GraphQL document on the gateway and returns its data.
 *
 * @param url of the gateway
 * @throws Error for any status but a 2xx, and for any error in the answer
 */
export async function graphql<Data>(url: string, document: string, variables: object): Promise<Data> {
  const body = JSON.stringify({ query: document, variables })
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers: HEADERS, body })
  const text = await response.text()
  const { data, errors } = JSON.parse(text)
  if (!response.ok || errors) throw new Error(`GraphQL answered ${response.status}: ${text}`)
  return data as Data
}

/** Calls a function for each item, a few at a time, and returns the results in the order of the items. */
export async function inParallel<Item, Result>(
  items: Item[],
  act: (item: Item) => Promise<Result>,
  concurrency = 20,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await act(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return results
}
