import { type Fault, RestError } from './errors'

/** The largest integer that the schema takes. */
const INT_MAX = 2_147_483_647
const LIMIT_DEFAULT = 20
/** What a larger limit counts as; the schema cuts it likewise, links need to know. */
const LIMIT_MAX = 100

export type Query = Record<string, string | string[] | undefined>

/** The documented parameters of a list. `Order` is an enum of the schema. */
export interface PageRequest<Order> {
  limit: number
  offset: number
  orderBy: Order
}

/**
 * Reads `limit`, `offset` and `ordering`; the first of `orders` is the default.
 *
 * @param orders the documented name of every order, with its name in the schema
 * @throws RestError 400 that names every parameter that is no use
 */
export function readPage<Order>(query: Query, orders: Record<string, Order>): PageRequest<Order> {
  const faults: Fault[] = []
  const limit = readInteger(query, 'limit', LIMIT_DEFAULT, faults)
  const offset = readInteger(query, 'offset', 0, faults)
  const ordering = query.ordering ?? Object.keys(orders)[0] ?? ''
  const orderBy =
    typeof ordering === 'string' && Object.hasOwn(orders, ordering) ? orders[ordering] : undefined
  if (orderBy === undefined) {
    const message = `The ordering must be one of ${Object.keys(orders).join(', ')}.`
    faults.push({ field: 'ordering', code: 'invalid_choice', message })
  }
  if (limit < 1) faults.push({ field: 'limit', code: 'out_of_range', message: 'limit must be at least 1.' })
  if (offset < 0)
    faults.push({ field: 'offset', code: 'out_of_range', message: 'offset must be at least 0.' })
  if (faults.length > 0) throw new RestError(400, faults)
  return { limit, offset, orderBy: orderBy as Order }
}

/**
 * A page of the documented form.
 *
 * @param url the absolute URL that was asked for; the links keep its other parameters
 */
export function pageJson<Result>(url: URL, request: PageRequest<unknown>, count: number, results: Result[]) {
  const limit = Math.min(request.limit, LIMIT_MAX)
  const { offset } = request
  return {
    count,
    next: offset + limit < count ? pageUrl(url, limit, offset + limit) : null,
    previous: offset > 0 ? pageUrl(url, limit, Math.max(offset - limit, 0)) : null,
    results,
  }
}

function pageUrl(url: URL, limit: number, offset: number): string {
  const link = new URL(url)
  link.searchParams.set('limit', String(limit))
  if (offset > 0) link.searchParams.set('offset', String(offset))
  else link.searchParams.delete('offset')
  return link.href
}

function readInteger(query: Query, name: string, otherwise: number, faults: Fault[]): number {
  const value = query[name]
  if (value === undefined) return otherwise
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Math.min(Number(value), INT_MAX)
  faults.push({ field: name, code: 'wrong_type', message: `${name} must be a whole number.` })
  return otherwise
}
