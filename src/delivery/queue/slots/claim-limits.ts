import type { Host, Lane } from './lane'
import type { Share, Shares } from './shares'
import { Standing } from './standing'

/** How much a claim may take. */
export interface ClaimLimits {
  /** the most deliveries in all */
  slots: number
  /** the most deliveries of all lanes together that are not in `lanes`; 0 = do not look into them */
  otherSlots: number
  /** the most deliveries of one lane that is not in `lanes` */
  slotsPerOther: number
  /** the most deliveries of each of these lanes */
  lanes: LaneLimit[]
  /** whether some lanes may not be sent to now, among those in `lanes` or the others */
  isShort: boolean
  /** when the limit of some lane rises by itself: milliseconds of the clock of the slots; Infinity = never */
  validUntil: number
  /** lanes that waited for a slot, and whose turn it is */
  offered: Lane[]
}

/** Which lanes a claim looks into that are not listed: none, or all. `peeked`: none of them may be tried, so most are released. */
export type Others = 'none' | 'peeked' | 'tried'

export interface LaneLimit {
  endpointId: number
  freeSlots: number
}

/** Of a lane that has not answered lately, a claim takes no more. When it answers, it gets more at once. */
const FIRST_SENDS = 4
/** So much a claim takes from lanes that are not listed, though fewer trial slots are free, or none: proven ones may be among them. */
const PEEK_SLOTS = 20
/** The most lanes that one claim takes limits of. */
const LANES_MAX = 2_000

/** The slots of a process at the time of a claim. */
export interface Occupancy {
  shares: Shares
  /** number of the limits */
  number: number
  free: number
  freeTrials: number
  now: number
}

/** The limits of one claim in the making. Lanes are added one by one; those that matter most come first. */
export class LimitsInTheMaking {
  readonly #lanes: LaneLimit[] = []
  /** trial slots that listed lanes may take */
  #grantedTrials = 0
  #nextTurnAt = Number.POSITIVE_INFINITY
  readonly #offered: Lane[] = []

  /** @param crowdedHosts hosts with lanes that wait for one of the host's slots; more of them may be found */
  constructor(
    private readonly occupancy: Occupancy,
    private readonly crowdedHosts: Set<Host>,
  ) {}

  get isFull(): boolean {
    return this.#lanes.length >= LANES_MAX
  }

  /**
   * Sets the limit of a lane. A second call changes nothing.
   *
   * @param isWaiting a delivery of the lane was claimed before, and released because no slot was free
   */
  add(lane: Lane, isWaiting = false): void {
    if (lane.listedFor === this.occupancy.number || this.isFull) return
    const { host } = lane
    if (host.waiting.size > 0 || this.#freeOf(host) < this.occupancy.shares.limits.perEndpoint) {
      lane.listedFor = this.occupancy.number
      host.waiting.add(lane)
      this.crowdedHosts.add(host)
    } else {
      // One send shows whether a lane answers.
      const granted = this.#grant(
        lane,
        Math.min(this.#mostOf(lane), isWaiting ? 1 : Number.POSITIVE_INFINITY),
      )
      if (isWaiting && granted > 0) this.#offered.push(lane)
      this.#list(lane, granted)
    }
  }

  done(others: Others): ClaimLimits {
    const { shares, free, freeTrials } = this.occupancy
    for (const host of this.crowdedHosts) this.#addWaiting(host)
    const limits = {
      slots: shares.claimable(free),
      otherSlots: 0,
      slotsPerOther: 0,
      lanes: this.#lanes,
      isShort: others !== 'tried' || this.#lanes.some(({ freeSlots }) => freeSlots <= 0),
      validUntil: this.#nextTurnAt,
      offered: this.#offered,
    }
    if (others === 'none') return limits
    if (others === 'peeked') return { ...limits, otherSlots: PEEK_SLOTS, slotsPerOther: 1 }
    const slotsPerOther = this.#allowed(UNKNOWN, Math.min(FIRST_SENDS, shares.limits.perEndpoint), freeTrials)
    if (slotsPerOther === 0) return { ...limits, isShort: true }
    return { ...limits, otherSlots: Math.max(freeTrials - this.#grantedTrials, PEEK_SLOTS), slotsPerOther }
  }

  /** Gives the free slots of a crowded host to its lanes: an equal share to each, or one to those that have waited the longest. */
  #addWaiting(host: Host): void {
    let free = this.#freeOf(host)
    const share = Math.max(1, Math.floor(free / host.waiting.size))
    for (const lane of host.waiting) {
      if (this.isFull) return
      const allowed = free > 0 ? this.#grant(lane, Math.min(share, this.#mostOf(lane))) : 0
      if (allowed > 0) this.#offered.push(lane)
      free -= allowed
      this.#list(lane, allowed)
    }
  }

  #list(lane: Lane, freeSlots: number): void {
    lane.listedFor = this.occupancy.number
    this.#lanes.push({ endpointId: lane.endpointId, freeSlots })
  }

  #freeOf(host: Host): number {
    return this.occupancy.shares.limits.perHost - host.inFlight
  }

  /** What the limit of the endpoint and its pace leave. */
  #mostOf(lane: Lane): number {
    const { inFlight, pace } = lane
    const free = this.occupancy.shares.most(lane) - inFlight
    if (pace === undefined) return free
    const { now } = this.occupancy
    const turns = pace.turns(now)
    if (turns === 0) this.#nextTurnAt = Math.min(this.#nextTurnAt, now + pace.waitMs(now))
    return Math.min(free, turns)
  }

  /** Lets a lane start up to `most` sends, and returns how many. */
  #grant(lane: Share, most: number): number {
    const { shares, free, freeTrials } = this.occupancy
    if (shares.isProven(lane)) return this.#allowed(lane, most, free)
    // The other half is for lanes that are not listed.
    const left = Math.ceil(freeTrials / 2) - this.#grantedTrials
    const granted = this.#allowed(lane, Math.min(most, left, FIRST_SENDS), freeTrials - this.#grantedTrials)
    this.#grantedTrials += granted
    return granted
  }

  /** How many of `most` sends a lane may start when `free` slots are free. */
  #allowed(lane: Share, most: number, free: number): number {
    let allowed = 0
    while (allowed < most && this.occupancy.shares.needed(lane, allowed) <= free - allowed) allowed += 1
    return allowed
  }
}

/** A lane of which nothing is known. */
const UNKNOWN: Share = {
  standing: new Standing(),
  inFlight: 0,
  host: { standing: new Standing(), inFlight: 0 },
}
