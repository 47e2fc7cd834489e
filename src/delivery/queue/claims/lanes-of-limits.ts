import type { ClaimLimits, LaneLimit } from '../slots/claim-limits'
import type { KnownLane } from './claim-deliveries'
import type { LanesToConsider } from './next-due'

/** Everything that this process knows about lanes, each once. */
export function knownLanes(limited: LaneLimit[], starts: ReadonlyMap<number, number>): KnownLane[] {
  const known: KnownLane[] = limited.map(({ endpointId, freeSlots }) => ({
    endpointId,
    freeSlots,
    startMs: starts.get(endpointId) ?? null,
  }))
  const limitedIds = new Set(limited.map(({ endpointId }) => endpointId))
  for (const [endpointId, startMs] of starts)
    if (!limitedIds.has(endpointId)) known.push({ endpointId, freeSlots: null, startMs })
  return known
}

/** A claim would look into these lanes. */
export function lanesToConsider({ lanes, otherSlots }: ClaimLimits): LanesToConsider {
  return {
    passedOver: lanes.flatMap(({ endpointId, freeSlots }) => (freeSlots <= 0 ? endpointId : [])),
    only: otherSlots > 0 ? null : lanes.map(({ endpointId }) => endpointId),
  }
}
