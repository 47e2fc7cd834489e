import type { PrismaClient } from '../../../generated/prisma/client'

/** Of the lanes that are awake, those that this process can send to now. */
export interface LanesToConsider {
  /** endpoints that get no send slot now */
  passedOver: number[]
  /** null = all others */
  only: number[] | null
}

/**
 * Milliseconds until a claim may find something, 0 or less when it may find it now; undefined when no lane sleeps until a certain
 * time. Reads one entry of an index, and the heads of at most 100 lanes that are awake.
 *
 * @param clockOffsetMs added to the database's clock; 0 except in tests
 */
export async function nextDueIn(
  prisma: PrismaClient,
  clockOffsetMs: number,
  { passedOver, only }: LanesToConsider,
): Promise<number | undefined> {
  const [row] = await prisma.$queryRaw<{ wait: number | null }[]>`
    SELECT (extract(epoch FROM next_due(${passedOver}::integer[], ${only}::integer[],
        clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000))
      - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait`
  return row?.wait ?? undefined
}
