import type { FastifyRequest } from 'fastify'
import { INTEGER_MAX } from '../../identifiers'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../page-range'
import { RestError, type RestProblem } from './errors'

/** The parameters of a URL, as Fastify parses them. */
export type QueryString = Record<string, string | string[] | undefined>

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
 * @throws RestError 400 with a problem for every bad parameter
 */
export function readPage<Order>(query: QueryString, orders: Record<string, Order>): PageRequest<Order> {
  const problems: RestProblem[] = []
  const limit = readInteger(query, 'limit', PAGE_LIMIT_DEFAULT, problems)
  const offset = readInteger(query, 'offset', 0, problems)
  const ordering = query.ordering ?? Object.keys(orders)[0] ?? ''
  const orderBy =
    typeof ordering === 'string' && Object.hasOwn(orders, ordering) ? orders[ordering] : undefined
  if (orderBy === undefined) {
    const message = `The ordering must be one of ${Object.keys(orders).join(', ')}.`
    problems.push({ field: 'ordering', code: 'invalid_choice', message })
  }
  if (limit < 1) problems.push({ field: 'limit', code: 'out_of_range', message: 'limit must be at least 1.' })
  if (offset < 0)
    problems.push({ field: 'offset', code: 'out_of_range', message: 'offset must be at least 0.' })
  if (problems.length > 0) throw new RestError(400, problems)
  return { limit, offset, orderBy: orderBy as Order }
}

/**
 * A page of a list in the documented form.
 *
 * @param url the absolute URL of the request; links to other pages keep its other parameters
 * @param count how many entries the whole list has
 */
export function pageJson<Result>(url: URL, request: PageRequest<unknown>, count: number, results: Result[]) {
  // The schema lowers a larger limit as well. Links must agree with it.
  const limit = Math.min(request.limit, PAGE_LIMIT_MAX)
  const { offset } = request
  return {
    count,
    next: offset + limit < count ? pageUrl(url, limit, offset + limit) : null,
    previous: offset > 0 ? pageUrl(url, limit, Math.max(offset - limit, 0)) : null,
    results,
  }
}

/**
 * The absolute URL of a request, as clients outside ask it. Without a public URL the Host header counts, which the caller
 * chooses: localhost replaces one that makes no URL.
 */
export function urlOf(request: Pick<FastifyRequest, 'url' | 'protocol' | 'host'>, publicUrl?: string): URL {
  const origin = `${request.protocol}://${request.host}`
  const url = new URL(request.url, URL.canParse(origin) ? origin : 'http://localhost')
  return publicUrl === undefined ? url : new URL(`${publicUrl}${url.pathname}${url.search}`)
}

function pageUrl(url: URL, limit: number, offset: number): string {
  const link = new URL(url)
  link.searchParams.set('limit', String(limit))
  if (offset > 0) link.searchParams.set('offset', String(offset))
  else link.searchParams.delete('offset')
  return link.href
}

function readInteger(query: QueryString, name: string, otherwise: number, problems: RestProblem[]): number {
  const value = query[name]
  if (value === undefined) return otherwise
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Math.min(Number(value), INTEGER_MAX)
  problems.push({ field: name, code: 'wrong_type', message: `${name} must be a whole number.` })
  return otherwise
}
