import { Prisma, type PrismaClient } from '../generated/prisma/client'

/** Rows of one statement: small enough never to hold up delivery. */
const BATCH = 500
/** Only one process prunes at a time; the others skip their turn. */
const PRUNE_LOCK = 4_860_112

/** An event whose deliveries have ended, and whose attempts are gone. */
const isSettled = Prisma.sql`
  NOT EXISTS (SELECT FROM deliveries WHERE event_id = event.id AND status = 'PENDING')
  AND NOT EXISTS (SELECT FROM attempts JOIN deliveries ON deliveries.id = attempts.delivery_id
    WHERE deliveries.event_id = event.id)`

/**
 * Removes one batch of each kind of what is older than the retention time: attempts, settled deliveries with their
 * events, keys that have expired, endpoints that were deleted and have nothing on record any more. Cancels what
 * deleted endpoints still have pending.
 *
 * @returns how many rows it removed or cancelled; 0 = nothing is left to do, or another process is at it
 */
export async function prune(prisma: PrismaClient, retentionDays: number): Promise<number> {
  return prisma.$transaction(async (tx) => {
    const [turn] = await tx.$queryRaw<
      [{ mine: boolean }]
    >`SELECT pg_try_advisory_xact_lock(${PRUNE_LOCK}::bigint) AS mine`
    if (!turn.mine) return 0
    const attempts = await tx.$executeRaw`
      WITH removed AS (
        DELETE FROM attempts WHERE id IN (
          SELECT id FROM attempts WHERE created_at < now() - make_interval(days => ${retentionDays}::integer)
          ORDER BY created_at LIMIT ${BATCH}
        )
        RETURNING endpoint_id
      )
      UPDATE attempt_counts SET count = attempt_counts.count - gone.count
      FROM (SELECT endpoint_id, count(*) FROM removed GROUP BY endpoint_id) gone
      WHERE attempt_counts.endpoint_id = gone.endpoint_id`
    // Locked by a statement of its own, so that the one that removes sees what a resend has committed meanwhile.
    const old = await tx.$queryRaw<{ id: bigint }[]>`
      SELECT id FROM events event
      WHERE created_at < now() - make_interval(days => ${retentionDays}::integer) AND ${isSettled}
      ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`
    const events = await tx.$executeRaw`
      DELETE FROM events event WHERE id = ANY (${old.map(({ id }) => id)}::bigint[]) AND ${isSettled}`
    const keys = await tx.$executeRaw`
      DELETE FROM idempotency_keys WHERE key IN (
        SELECT key FROM idempotency_keys WHERE expires_at < now() ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
      )`
    const [cancelled] = await tx.$queryRaw<[{ count: number }]>`
      SELECT coalesce(sum(cancel_deliveries(id, ${BATCH}::integer)), 0)::integer AS count
      FROM (SELECT id FROM endpoints WHERE deleted_at IS NOT NULL) deleted`
    const endpoints = await tx.$executeRaw`
      DELETE FROM endpoints WHERE id IN (
        SELECT id FROM endpoints endpoint WHERE deleted_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM deliveries WHERE endpoint_id = endpoint.id) LIMIT ${BATCH}
      )`
    return attempts + events + keys + cancelled.count + endpoints
  })
}
