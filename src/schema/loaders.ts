import type { Core } from '../core'
import { batchedReads } from '../database/batched-reads'
import { readDeliveries } from '../delivery/log/deliveries'
import { readReceivers } from '../endpoints/find-endpoints'

/**
 * Reads for fields of nested objects. The fields of one request that need the same kind of object share a statement, so a page
 * costs the same number of statements for 1 object as for 100.
 */
export const createLoaders = (core: Core) => ({
  deliveriesByEvent: batchedReads((eventIds: bigint[]) => readDeliveries(core, eventIds)),
  receiverById: batchedReads((endpointIds: number[]) => readReceivers(core, endpointIds)),
})

export type Loaders = ReturnType<typeof createLoaders>
