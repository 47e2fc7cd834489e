import type { Core } from '../core'
import { batchedReads } from '../database/batched-reads'
import { type Delivery, readDeliveries } from '../delivery/log/deliveries'
import type { Endpoint } from '../endpoints/endpoint'
import { readReceivers } from '../endpoints/find-endpoints'

/**
 * Reads for fields of nested objects. The fields of one request that need the same kind of object share a statement, so a page
 * costs the same number of statements for 1 object as for 100. Most requests need none, so each is made when it is needed.
 */
export class Loaders {
  #deliveriesByEvent: Loader<bigint, Delivery[]> | undefined
  #receiverById: Loader<number, Endpoint> | undefined

  constructor(private readonly core: Core) {}

  get deliveriesByEvent(): Loader<bigint, Delivery[]> {
    this.#deliveriesByEvent ??= batchedReads((eventIds: bigint[]) => readDeliveries(this.core, eventIds))
    return this.#deliveriesByEvent
  }

  get receiverById(): Loader<number, Endpoint> {
    this.#receiverById ??= batchedReads((endpointIds: number[]) => readReceivers(this.core, endpointIds))
    return this.#receiverById
  }
}

type Loader<Key, Value> = ReturnType<typeof batchedReads<Key, Value>>
