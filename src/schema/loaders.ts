import type { Core } from '../core'
import { batchedReads } from '../database/batched-reads'
import type { AttemptFilter } from '../delivery/log/attempt-filter'
import { type Attempt, readResponseBodies } from '../delivery/log/attempts'
import type { Delivery } from '../delivery/log/deliveries'
import { findAttempts } from '../delivery/log/find-attempts'
import { type DeliveryFilter, findDeliveries } from '../delivery/log/find-deliveries'
import { type LogScope, scopeOf } from '../delivery/log/log-scope'
import type { Endpoint } from '../endpoints/endpoint'
import { readReceivers } from '../endpoints/find-endpoints'
import type { Event } from '../events/event'
import { readBodies, readEvents } from '../events/find-events'
import { deliveryId, parseDeliveryId } from '../identifiers'
import { EMPTY_PAGE, type KeysetPage, type PageArguments } from '../keyset-page'

type Loader<Key, Value> = ReturnType<typeof batchedReads<Key, Value>>

/**
 * Reads for fields of nested objects. The fields of one request that need the same kind of object share a statement, so a page
 * costs the same number of statements for 1 object as for 100, but for totals, which the cost limit counts. Most requests need
 * no loader, so each is made when it is needed.
 */
export class Loaders {
  readonly #loaders = new Map<string, Loader<never, unknown>>()

  constructor(private readonly core: Core) {}

  get receiverById(): Loader<number, Endpoint> {
    return this.#loader('receivers', (ids: number[]) => readReceivers(this.core, ids))
  }

  get eventById(): Loader<bigint, Event> {
    return this.#loader('events', (ids: bigint[]) => readEvents(this.core.query, ids))
  }

  get bodyByEvent(): Loader<bigint, string> {
    return this.#loader('bodies', (ids: bigint[]) => readBodies(this.core.query, ids))
  }

  get responseBody(): Loader<Attempt, string | null> {
    return this.#loader('response bodies', async (attempts: Attempt[]) => {
      const byId = await readResponseBodies(this.core, attempts)
      return new Map(attempts.map((attempt) => [attempt, byId.get(attempt.id) ?? null]))
    })
  }

  /** By the delivery's id. */
  get deliveryById(): Loader<string, Delivery> {
    return this.#loader('deliveries', async (ids: string[]) => {
      const pages = await findDeliveries(this.core.query, ids.map(deliveryScope), {}, { first: 1 })
      return new Map(
        pages
          .flatMap(({ edges }) => edges)
          .map(({ node }) => [deliveryId(node.eventId, node.endpointId), node]),
      )
    })
  }

  /** Pages of deliveries, by the id of their event. */
  deliveriesOfEvent(filter: DeliveryFilter, page: PageArguments): Loader<bigint, KeysetPage<Delivery>> {
    return this.#loader(keyOf('deliveries of events', filter, page), async (ids: bigint[]) =>
      pagesByKey(
        ids,
        await findDeliveries(
          this.core.query,
          ids.map((eventId) => ({ ...scopeOf(filter), eventId })),
          filter,
          page,
        ),
      ),
    )
  }

  /** Pages of deliveries, by the id of their endpoint. */
  deliveriesOfEndpoint(filter: DeliveryFilter, page: PageArguments): Loader<number, KeysetPage<Delivery>> {
    return this.#loader(keyOf('deliveries of endpoints', filter, page), async (ids: number[]) =>
      pagesByKey(
        ids,
        await findDeliveries(
          this.core.query,
          ids.map((endpointId) => ({ ...scopeOf(filter), endpointId })),
          filter,
          page,
        ),
      ),
    )
  }

  /** Pages of attempts, by the id of their endpoint. */
  attemptsOfEndpoint(filter: AttemptFilter, page: PageArguments): Loader<number, KeysetPage<Attempt>> {
    return this.#loader(keyOf('attempts of endpoints', filter, page), async (ids: number[]) =>
      pagesByKey(
        ids,
        await findAttempts(
          this.core.query,
          ids.map((endpointId) => ({ ...scopeOf(filter), endpointId })),
          filter,
          page,
        ),
      ),
    )
  }

  /** Pages of attempts, by the id of their delivery. */
  attemptsOfDelivery(page: PageArguments): Loader<string, KeysetPage<Attempt>> {
    return this.#loader(keyOf('attempts of deliveries', {}, page), async (ids: string[]) =>
      pagesByKey(ids, await findAttempts(this.core.query, ids.map(deliveryScope), {}, page)),
    )
  }

  #loader<Key, Value>(name: string, read: (keys: Key[]) => Promise<Map<Key, Value>>): Loader<Key, Value> {
    const known = this.#loaders.get(name) as Loader<Key, Value> | undefined
    if (known) return known
    const loader = batchedReads(read)
    this.#loaders.set(name, loader as unknown as Loader<never, unknown>)
    return loader
  }
}

/** Fields with the same arguments share a statement. */
const keyOf = (name: string, filter: object, { first, after }: PageArguments) =>
  JSON.stringify([name, filter, first, after])

const pagesByKey = <Key, Node>(keys: Key[], pages: KeysetPage<Node>[]): Map<Key, KeysetPage<Node>> =>
  new Map(keys.map((key, index) => [key, pages[index] ?? EMPTY_PAGE]))

function deliveryScope(id: string): LogScope {
  const scope = parseDeliveryId(id)
  if (scope === undefined) throw new Error(`${id} is no id of a delivery`)
  return scope
}
