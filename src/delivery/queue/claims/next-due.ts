import type { PrismaClient } from '../../../generated/prisma/client'

/**
 * Milliseconds until a claim may find something, 0 or less when it may find it now; undefined when no lane sleeps until a certain
 * time. Reads one entry of an index, and the heads of at most 100 lanes that are awake.
 *
 * @param clockOffsetMs added to the database's clock; 0 except in tests
 * @param fullEndpoints endpoints without a free send slot in this process: their lanes do not count
 */
export async function nextDueIn(
  prisma: PrismaClient,
  clockOffsetMs: number,
  fullEndpoints: number[],
): Promise<number | undefined> {
  const [row] = await prisma.$queryRaw<{ wait: number | null }[]>`
    SELECT (extract(epoch FROM next_due(${fullEndpoints}::integer[],
        clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000))
      - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait`
  return row?.wait ?? undefined
}
