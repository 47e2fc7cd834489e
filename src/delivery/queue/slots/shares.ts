import type { Standing } from './standing'

/** What one process may have in flight: the variables HOOKGATE_CONCURRENCY, ..._ENDPOINT_CONCURRENCY and ..._HOST_CONCURRENCY. */
export interface Limits {
  slots: number
  /** sends that hang, and may be in flight beyond `slots` */
  hanging: number
  perEndpoint: number
  perHost: number
}

/** The parts of the state of a lane that decide whether it may start another send. */
export interface Share {
  standing: Standing
  inFlight: number
  host: { standing: Standing; inFlight: number }
}

/** With fewer slots than this many times the limit of one endpoint, sharing them out would leave slots unused. */
const SHARED_FROM = 4

/** Parts of all slots. */
const TRIAL = 1 / 2
const RESERVE = 1 / 10
const SLOW_RESERVE = 1 / 4
const SLOW_FIRST_RESERVE = 1 / 8
/** Parts of the trial slots. */
const LANE_RESERVE = 1 / 2
const HOST_RESERVE = 1 / 20
const FAILING_RESERVE = 1 / 2
/** A failing lane has at most so many sends in flight: they show when it answers again. */
const FAILING_SENDS = 2

/**
 * How the send slots of a process are shared out, so that receivers that hang leave room for all others:
 *
 * - Proven lanes may use all slots. Lanes that are new or failing may hold only the trial slots: half of all.
 * - A send that hangs is taken off the account, up to a number of such sends. Those beyond hold trial slots.
 * - The more slots a lane holds already, the more must be free for the next one. So the first lanes of a process get as many slots
 *   as they are allowed to have (HOOKGATE_ENDPOINT_CONCURRENCY), and when there are many, each gets a few, and some stay free.
 * - The same holds for all lanes of one host that does not answer.
 * - A failing lane has two sends in flight at most, and half of the trial slots are for lanes that have not failed.
 * - Slow lanes, whose answers usually take longer than a second, leave more slots free than others.
 * - With few slots (less than four times HOOKGATE_ENDPOINT_CONCURRENCY), only the number of trial slots holds.
 */
export class Shares {
  /** slots for sends that may hang */
  readonly trialSlots: number
  readonly #isShared: boolean

  constructor(readonly limits: Limits) {
    const { slots, perEndpoint } = limits
    this.trialSlots = Math.max(Math.ceil(slots * TRIAL), Math.min(perEndpoint, slots))
    this.#isShared = slots >= SHARED_FROM * perEndpoint
  }

  /** Whether the sends of a lane count as proven. */
  isProven({ standing }: Pick<Share, 'standing'>): boolean {
    return standing.news === 'proven'
  }

  /**
   * How many slots must be free for a lane's next send, that one included: of all slots for a proven lane, else of the trial slots.
   *
   * @param more sends that the lane is going to start before
   */
  needed({ standing, inFlight, host }: Share, more: number): number {
    if (!this.#isShared) return 1
    const { slots, perEndpoint } = this.limits
    const held = (inFlight + more) / perEndpoint
    if (this.isProven({ standing })) {
      const reserve = standing.isSlow ? SLOW_FIRST_RESERVE + SLOW_RESERVE * held : RESERVE * held
      return 1 + Math.floor(slots * reserve)
    }
    const isFailing = standing.news === 'failing'
    const ofLane = this.trialSlots * LANE_RESERVE * held
    const ofFailing = isFailing ? this.trialSlots * FAILING_RESERVE : 0
    return 1 + Math.floor(Math.max(ofLane, this.#ofHost({ standing, inFlight, host }, more)) + ofFailing)
  }

  /** The most sends that a lane may have in flight, apart from the slots that are free. */
  most({ standing }: Pick<Share, 'standing'>): number {
    const { perEndpoint } = this.limits
    return this.#isShared && standing.news === 'failing' ? Math.min(FAILING_SENDS, perEndpoint) : perEndpoint
  }

  /** Whether the host of a lane may have another send in flight. */
  hasHostRoom(lane: Share, freeTrials: number): boolean {
    if (lane.host.inFlight >= this.limits.perHost) return false
    return !this.#isShared || this.isProven(lane) || this.#ofHost(lane, 0) < freeTrials
  }

  /** The trial slots that must stay free because a host that does not answer holds some already. */
  #ofHost({ standing, host }: Share, more: number): number {
    if (host.standing.news === 'proven') return 0
    const held = host.inFlight + more
    // One send shows whether a new lane answers, even if its host seems not to.
    return standing.news === 'failing' ? this.trialSlots * HOST_RESERVE * held : held
  }

  /** How many slots one claim may fill when `free` are free: the last ones go to lanes that hold few. */
  claimable(free: number): number {
    if (!this.#isShared) return free
    const reserve = Math.floor(this.limits.slots * RESERVE)
    return Math.max(free - reserve, Math.ceil(Math.min(free, reserve) / 2))
  }
}
