import type { PrismaClient } from '../../../generated/prisma/client'
import type { LaneStarts } from './lane-starts'

/** Of the lanes that are awake, those that this process can send to now. */
export interface LanesToConsider {
  /** endpoints that get no send slot now */
  passedOver: number[]
  /** null = all others */
  only: number[] | null
}

/** When a claim may find something. */
export interface NextDue {
  /** milliseconds until then, 0 or less = now, Infinity = no lane sleeps until a certain time */
  inMs: number
  /** milliseconds until another look may find more; Infinity = this one has missed nothing */
  missedInMs: number
}

/**
 * Looks for the next due delivery. Reads one entry of an index, and the heads of at most 100 lanes that are awake.
 *
 * @param clockOffsetMs added to the database's clock; 0 except in tests
 */
export async function nextDue(
  prisma: PrismaClient,
  clockOffsetMs: number,
  { passedOver, only }: LanesToConsider,
  laneStarts: LaneStarts,
): Promise<NextDue> {
  const starts = laneStarts.forLook()
  const startedAt = performance.now()
  const [row] = await prisma.$queryRaw<{ wait: number | null }[]>`
    SELECT (extract(epoch FROM next_due(${passedOver}::integer[], ${only}::integer[],
        clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000),
        ${[...starts.keys()]}::integer[], ${[...starts.values()]}::float8[])
      - clock_timestamp()) * 1000)::float8 - ${clockOffsetMs}::float8 AS wait`
  const missedInMs = laneStarts.looked(starts.size === 0, performance.now() - startedAt)
  return { inMs: row?.wait ?? Number.POSITIVE_INFINITY, missedInMs }
}
