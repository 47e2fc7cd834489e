import type { PrismaClient } from '../../generated/prisma/client'

/**
 * How events grow old:
 *
 * - Their ids grow with time. A partition is a range of ids with tables of its own: see make-event-partitions.sql.
 * - New events go to one partition for a time span, a thirtieth of the retention time: see rotate-event-partitions.sql.
 * - A partition whose last event is older than the retention time is emptied, whole and without being read: see
 *   empty-event-partition.sql. So an event stays up to one time span longer than the retention time.
 * - Its tables are dropped a little later: see drop-emptied-table.sql.
 *
 * Each step is a transaction of its own, and each may be repeated: a process that is killed at any moment, and two processes that do
 * the same, leave nothing half done.
 */

/** One time span for each partition: the number of partitions, and so the cost of reading all of them, stays the same. */
const SPANS = 30
const SHORTEST_SPAN_S = 3_600
const DAY_S = 86_400

/** A partition whose events are to be removed. */
export interface ExpiredPartition {
  firstEventId: bigint
  /** the first id after it */
  endEventId: bigint
  /** how long it could have been removed already, in seconds */
  overdueS: number
}

/** Makes the partitions that are missing for events to come. Does nothing on a read-only database. */
export async function makeEventPartitions(prisma: PrismaClient): Promise<void> {
  await prisma.$queryRaw`SELECT make_event_partitions()`
}

/** Lets new events go to the next partition when it is time. */
export async function rotateEventPartitions(prisma: PrismaClient, retentionDays: number): Promise<boolean> {
  const spanS = Math.max(SHORTEST_SPAN_S, (retentionDays * DAY_S) / SPANS)
  const [row] = await prisma.$queryRaw<[{ hasRotated: boolean }]>`
    SELECT rotate_event_partitions(make_interval(secs => ${spanS}::float8)) AS "hasRotated"`
  return row.hasRotated
}

/** The oldest partition, when its last event is older than the retention time. */
export async function findExpiredPartition(
  prisma: PrismaClient,
  retentionDays: number,
): Promise<ExpiredPartition | undefined> {
  const [partition] = await prisma.$queryRaw<ExpiredPartition[]>`
    SELECT first_event_id AS "firstEventId", end_event_id AS "endEventId",
      (extract(epoch FROM clock_timestamp() - closed_at) - ${retentionDays * DAY_S}::float8)::float8 AS "overdueS"
    FROM event_partitions
    WHERE emptied_at IS NULL AND closed_at < clock_timestamp() - make_interval(days => ${retentionDays}::integer)
    ORDER BY first_event_id LIMIT 1`
  return partition
}

/** @returns false = not now: another transaction uses the tables, or events of the partition are pending */
export async function emptyEventPartition(prisma: PrismaClient, firstEventId: bigint): Promise<boolean> {
  const [row] = await prisma.$queryRaw<[{ isEmptied: boolean }]>`
    SELECT empty_event_partition(${firstEventId}) AS "isEmptied"`
  return row.isEmptied
}

/** The processes of the PostgreSQL server that use the tables of a partition now. */
export async function findPartitionUsers(prisma: PrismaClient, firstEventId: bigint): Promise<number[]> {
  const rows = await prisma.$queryRaw<{ pid: number }[]>`
    SELECT DISTINCT pid FROM pg_locks
    WHERE granted AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND relation IN (SELECT to_regclass(parent || '_' || ${firstEventId}::bigint)::oid
        FROM unnest('{events,ended_deliveries,attempts,attempt_counts}'::text[]) AS parent)
    ORDER BY pid`
  return rows.map(({ pid }) => pid)
}

/** Drops tables of emptied partitions, until none is left or another transaction uses one of their parents. */
export async function dropEmptiedTables(prisma: PrismaClient): Promise<void> {
  for (;;) {
    const [row] = await prisma.$queryRaw<
      [{ hasDropped: boolean }]
    >`SELECT drop_emptied_table() AS "hasDropped"`
    if (!row.hasDropped) return
  }
}
