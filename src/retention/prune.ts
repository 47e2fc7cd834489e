import type { Prisma, PrismaClient } from '../generated/prisma/client'

/** The most rows of one statement: few enough that deliveries do not wait long for their locks. */
const BATCH = 500
/** The time limit of one batch. Reading very large tables takes long, and no request waits for a batch. */
const TIMEOUT_MS = 60_000
/** The advisory lock that a process holds during a batch. The other processes skip that batch. */
const PRUNE_LOCK = 4_860_112

type Transaction = Prisma.TransactionClient

/** The kinds of batches, in the order in which `prune` runs them. */
const KINDS = [pruneIdempotencyKeys]

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
  _retentionDays: number,
  onFailure: (error: unknown) => void,
): Promise<number> {
  let pruned = 0
  for (const runBatch of KINDS) {
    try {
      pruned += await prisma.$transaction(async (tx) => ((await tryLock(tx)) ? runBatch(tx) : 0), {
        timeout: TIMEOUT_MS,
      })
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

async function pruneIdempotencyKeys(tx: Transaction): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM idempotency_keys WHERE (publisher, key) IN (
      SELECT publisher, key FROM idempotency_keys WHERE expires_at < now()
      ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
    )`
}
