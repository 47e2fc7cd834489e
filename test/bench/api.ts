import { sign } from 'jsonwebtoken'
import { JWT_SECRET } from './processes'

/** What every call of an API is authorized with. */
export const AUTHORIZATION = {
  authorization: `Bearer ${sign({ role: 'admin', sub: 'bench' }, JWT_SECRET, { expiresIn: '2h' })}`,
}

/**
 * Calls the gateway's REST API and answers the JSON.
 *
 * @param path below /api/v2/webhook/
 * @throws Error for any status but a 2xx
 */
export async function rest<Answer>(
  url: string,
  method: string,
  path: string,
  json?: unknown,
): Promise<Answer> {
  const response = await fetch(`${url}/api/v2/webhook/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...AUTHORIZATION },
    body: json === undefined ? undefined : JSON.stringify(json),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

/** Does something for each item, a few at a time, and answers the results in their order. */
export async function inParallel<Item, Result>(
  items: Item[],
  act: (item: Item) => Promise<Result>,
  atOnce = 20,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const take = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await act(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, take))
  return results
}
