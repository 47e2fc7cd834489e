import type { PrismaClient } from '../generated/prisma/client'
import {
  dropEmptiedTables,
  type ExpiredPartition,
  emptyEventPartition,
  findExpiredPartition,
  makeEventPartitions,
  rotateEventPartitions,
} from './partitions/event-partitions'

/** The most rows of one statement: few enough that nobody waits long for their locks. */
const BATCH = 5_000

export interface PruneOptions {
  retentionDays: number
  /** true = start no further statement */
  isStopping: () => boolean
  /** called for each step that failed; the others continue */
  onFailure: (error: unknown) => void
}

/** What one run has found. */
export interface Pruned {
  /** first event ids of the partitions whose events it has removed */
  emptied: bigint[]
  /** the partition whose events must go, and cannot at the moment */
  delayed: ExpiredPartition | undefined
}

/**
 * Does everything that depends on age:
 * - makes partitions for events to come, and lets events go to the next one when it is time;
 * - removes events older than the retention time with all that is kept with them; what is still pending then is removed, too;
 * - removes deleted endpoints of which nothing is on record any more;
 * - removes expired idempotency keys.
 *
 * All processes of a database may do this at the same time.
 */
export async function prune(prisma: PrismaClient, options: PruneOptions): Promise<Pruned> {
  const pruned: Pruned = { emptied: [], delayed: undefined }
  const steps = [
    () => advanceEventPartitions(prisma, options),
    () => removeOldEvents(prisma, options, pruned),
    () => dropEmptiedTables(prisma),
    () => removeDeletedEndpoints(prisma, options),
    () => removeExpiredKeys(prisma, options),
  ]
  for (const step of steps) {
    if (options.isStopping()) break
    await step().catch(options.onFailure)
  }
  return pruned
}

async function advanceEventPartitions(prisma: PrismaClient, { retentionDays }: PruneOptions): Promise<void> {
  await makeEventPartitions(prisma)
  if (await rotateEventPartitions(prisma, retentionDays)) await makeEventPartitions(prisma)
}

async function removeOldEvents(prisma: PrismaClient, options: PruneOptions, pruned: Pruned): Promise<void> {
  for (;;) {
    const partition = await findExpiredPartition(prisma, options.retentionDays)
    if (partition === undefined) return
    await removeOldDeliveries(prisma, partition, options)
    if (options.isStopping()) return
    if (!(await emptyEventPartition(prisma, partition.firstEventId))) {
      pruned.delayed = partition
      return
    }
    pruned.emptied.push(partition.firstEventId)
  }
}

interface DeliveryKeyRow {
  eventId: bigint | null
  endpointId: number | null
}

/** Removes the pending deliveries of a partition, in batches. */
async function removeOldDeliveries(
  prisma: PrismaClient,
  { firstEventId, endEventId }: ExpiredPartition,
  { isStopping }: PruneOptions,
): Promise<void> {
  let [eventId, endpointId]: [bigint | null, number | null] = [firstEventId, 0]
  while (eventId !== null && !isStopping()) {
    const [last]: DeliveryKeyRow[] = await prisma.$queryRaw<[DeliveryKeyRow]>`
      SELECT last_event_id AS "eventId", last_endpoint_id AS "endpointId"
      FROM remove_old_deliveries(${eventId}, ${endpointId}::integer, ${endEventId}, ${BATCH}::integer)`
    eventId = last?.eventId ?? null
    endpointId = last?.endpointId ?? null
  }
}

async function removeDeletedEndpoints(prisma: PrismaClient, { isStopping }: PruneOptions): Promise<void> {
  let removed = BATCH
  while (removed === BATCH && !isStopping()) {
    const [row] = await prisma.$queryRaw<[{ removed: number }]>`
      SELECT remove_deleted_endpoints(${BATCH}::integer)::integer AS removed`
    removed = row.removed
  }
}

async function removeExpiredKeys(prisma: PrismaClient, { isStopping }: PruneOptions): Promise<void> {
  const [{ now }] = await prisma.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`
  let expiry: Date | null = new Date(0)
  while (expiry !== null && !isStopping()) {
    const [row]: { expiry: Date | null }[] = await prisma.$queryRaw<[{ expiry: Date | null }]>`
      SELECT remove_expired_keys(${expiry}::timestamptz, ${now}::timestamptz, ${BATCH}::integer) AS expiry`
    expiry = row?.expiry ?? null
  }
}
