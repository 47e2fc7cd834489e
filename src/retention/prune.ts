import { cancelDeliveries } from '../endpoints/cancel-deliveries'
import { Prisma, type PrismaClient } from '../generated/prisma/client'

/** The most rows of one statement: few enough that deliveries do not wait long for their locks. */
const BATCH = 500
/** The time limit of one batch. Reading very large tables takes long, and no request waits for a batch. */
const TIMEOUT_MS = 60_000
/** The advisory lock that a process holds during a batch. The other processes skip that batch. */
const PRUNE_LOCK = 4_860_112

/** All deliveries of the event have ended, and no attempt of them is on record any more. */
const hasEndedWithoutAttempts = Prisma.sql`
  NOT EXISTS (SELECT FROM deliveries WHERE event_id = event.id AND status = 'PENDING')
  AND NOT EXISTS (SELECT FROM attempts JOIN deliveries ON deliveries.id = attempts.delivery_id
    WHERE deliveries.event_id = event.id)`

type Transaction = Prisma.TransactionClient

/** The kinds of batches, in the order in which `prune` runs them. */
const KINDS = [
  pruneAttempts,
  pruneEvents,
  pruneIdempotencyKeys,
  cancelDeliveriesOfDeletedEndpoints,
  pruneDeletedEndpoint,
]

/**
 * Runs one batch of each kind. The order follows what must be gone first:
 * 1. removes attempts older than the retention time;
 * 2. removes events older than that, without a pending delivery and without an attempt on record. Their deliveries and idempotency keys go
 *    with them (ON DELETE CASCADE);
 * 3. removes expired idempotency keys;
 * 4. cancels pending deliveries of deleted endpoints, so that a later batch can remove their events;
 * 5. removes an endpoint that was deleted longer ago than the retention time and has no delivery on record.
 *
 * Each batch has a transaction of its own, so that deliveries never wait long for its locks, and a batch that fails does not
 * stop the others.
 *
 * @param onFailure called for each batch that failed
 * @returns the number of rows removed or cancelled; 0 = none was left, or other processes held the lock
 */
export async function prune(
  prisma: PrismaClient,
  retentionDays: number,
  onFailure: (error: unknown) => void,
): Promise<number> {
  let pruned = 0
  for (const runBatch of KINDS) {
    try {
      pruned += await prisma.$transaction(
        async (tx) => ((await tryLock(tx)) ? runBatch(tx, retentionDays) : 0),
        { timeout: TIMEOUT_MS },
      )
    } catch (error) {
      onFailure(error)
    }
  }
  return pruned
}

/** Takes the lock until the transaction ends; false = another process holds it. */
async function tryLock(tx: Transaction): Promise<boolean> {
  const [lock] = await tx.$queryRaw<[{ taken: boolean }]>`
    SELECT pg_try_advisory_xact_lock(${PRUNE_LOCK}::bigint) AS taken`
  return lock.taken
}

/**
 * Finds the oldest attempts by their ids, which follow the time of recording. That saves an index on created_at, which every
 * recorded attempt would have to maintain. After the clock was set back, an old attempt waits until those with smaller ids are old.
 *
 * Invariant: counts are locked in the order of their keys, as recordAttempts does.
 */
async function pruneAttempts(tx: Transaction, retentionDays: number): Promise<number> {
  const [removed] = await tx.$queryRaw<[{ count: number }]>`
    WITH oldest AS MATERIALIZED (
      SELECT id, created_at FROM attempts ORDER BY id LIMIT ${BATCH}
    ),
    removed AS (
      DELETE FROM attempts WHERE id IN (
        SELECT id FROM oldest WHERE created_at < now() - make_interval(days => ${retentionDays}::integer)
      )
      RETURNING endpoint_id
    ),
    gone AS MATERIALIZED (
      SELECT endpoint_id, count(*) AS count FROM removed GROUP BY endpoint_id
    ),
    held AS MATERIALIZED (
      SELECT endpoint_id FROM attempt_counts WHERE endpoint_id IN (SELECT endpoint_id FROM gone)
      ORDER BY endpoint_id FOR NO KEY UPDATE
    ),
    counted AS (
      UPDATE attempt_counts SET count = attempt_counts.count - gone.count
      FROM held JOIN gone USING (endpoint_id) WHERE attempt_counts.endpoint_id = held.endpoint_id
    )
    SELECT coalesce(sum(count), 0)::integer AS count FROM gone`
  return removed.count
}

async function pruneEvents(tx: Transaction, retentionDays: number): Promise<number> {
  // Lock by separate statements. A statement reads what was committed before it started, so the removal then sees a resend or
  // a late attempt that was committed while the locks were awaited.
  const old = await tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM events event
    WHERE created_at < now() - make_interval(days => ${retentionDays}::integer) AND ${hasEndedWithoutAttempts}
    ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`
  const ids = old.map(({ id }) => id)
  await tx.$queryRaw`SELECT id FROM deliveries WHERE event_id = ANY (${ids}::bigint[]) ORDER BY id FOR UPDATE`
  return tx.$executeRaw`
    DELETE FROM events event WHERE id = ANY (${ids}::bigint[]) AND ${hasEndedWithoutAttempts}`
}

async function pruneIdempotencyKeys(tx: Transaction): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM idempotency_keys WHERE (publisher, key) IN (
      SELECT publisher, key FROM idempotency_keys WHERE expires_at < now()
      ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
    )`
}

/** Cancels one batch of the pending deliveries of one deleted endpoint. */
async function cancelDeliveriesOfDeletedEndpoints(tx: Transaction): Promise<number> {
  const [deleted] = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM endpoints endpoint CROSS JOIN (SELECT clock_timestamp() AS now) clock
    WHERE deleted_at IS NOT NULL AND EXISTS (
      SELECT FROM deliveries delivery WHERE delivery.endpoint_id = endpoint.id AND is_claimable(delivery, clock.now)
    )
    LIMIT 1`
  return deleted === undefined ? 0 : cancelDeliveries(tx, deleted.id, BATCH)
}

/** One endpoint at a time, because no index leads from an endpoint to its ended deliveries: the check reads every delivery. */
async function pruneDeletedEndpoint(tx: Transaction, retentionDays: number): Promise<number> {
  const [removed] = await tx.$queryRaw<[{ count: number }]>`
    WITH removed AS (
      DELETE FROM endpoints WHERE id IN (
        SELECT id FROM endpoints endpoint
        WHERE deleted_at < now() - make_interval(days => ${retentionDays}::integer)
          AND NOT EXISTS (SELECT FROM deliveries WHERE endpoint_id = endpoint.id) LIMIT 1
      )
      RETURNING id
    ),
    counts AS (
      DELETE FROM attempt_counts WHERE endpoint_id IN (SELECT id FROM removed)
    )
    SELECT count(*)::integer AS count FROM removed`
  return removed.count
}
