import { type ClaimLimits, LimitsInTheMaking } from './claim-limits'
import { KnownLanes } from './known-lanes'
import type { Host, Lane } from './lane'
import type { Pace, PacedSend } from './pace'
import { type Limits, Shares } from './shares'
import { type SendEnd, type Standing, YOUNGEST_HANGING_MS } from './standing'

/** What a slot must know of a delivery. */
export interface SlotRequest {
  endpointId: number
  target: string
  /** until when the endpoint was left alone, if that was lately: Unix time in milliseconds of the database */
  restedUntilMs: number | null
}

/** A slot that a send holds. */
export interface SendSlot {
  readonly lane: Lane
  readonly host: Host
  readonly standing: Standing
  readonly pace: Pace | undefined
  readonly paced: PacedSend
  /** it is one of the trial slots: see Shares */
  isTrial: boolean
  isHanging: boolean
  /** the receiver has answered that it is busy */
  isBusy: boolean
}

/** A delivery that gets no slot now should be due again after so many milliseconds; 0 = as it was. */
export interface NoTurn {
  waitMs: number
}

/** A delivery that cannot start before a trial has ended is due again after this time. */
const TRIAL_WAIT_MS = 1_000
/** While no trial slot is free, claims look into all lanes so often: proven ones may be among them. */
const PEEK_EVERY_MS = 20

/**
 * The sends that this process has in flight and may have: in all, per endpoint and per host. Receivers that hang leave room for
 * all others (see Shares). Endpoints that are busy are sent to at their own pace (see Pace).
 */
export class SendSlots {
  readonly shares: Shares
  readonly #lanes: KnownLanes
  /** in the order of their start */
  readonly #inFlight = new Set<SendSlot>()
  #trials = 0
  #hanging = 0
  #fullEndpoints = 0
  /** number of the last limits */
  #limits = 0
  #isTurnOfOthers = false
  #peekAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    limits: Limits,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {
    this.shares = new Shares(limits)
    this.#lanes = new KnownLanes(random)
  }

  /** How many more sends may be in flight, in all. */
  get available(): number {
    return this.shares.limits.slots - this.#inFlight.size + this.#offAccount
  }

  /** How many sends are in flight, in all. */
  get taken(): number {
    return this.#inFlight.size
  }

  /** How many claims in a row look into different lanes: that many must find nothing before there is nothing to send. */
  get kindsOfClaims(): number {
    return this.#isCrowded ? 2 : 1
  }

  /** Whether any endpoint has as many sends in flight as it may have. */
  get hasFullEndpoint(): boolean {
    return this.#fullEndpoints > 0
  }

  /**
   * What a claim may take now. Nothing changes by that, so it may be called more often than there are claims.
   *
   * While more than half of the trial slots are taken, claims look by turns into the lanes that this process knows, and into all:
   * many lanes that hang would hide a proven one from them. While no trial slot is free, few look into all.
   *
   * @param room how many sends may start, at most
   * @param isLook the limits are for a look at due deliveries, whichever kind of claim is next
   */
  limits(room: number, isLook = false): ClaimLimits {
    const now = this.now()
    this.#findHanging(now)
    this.#limits += 1
    const limits = new LimitsInTheMaking(
      {
        shares: this.shares,
        number: this.#limits,
        free: Math.min(room, this.available),
        freeTrials: Math.max(0, this.#freeTrials),
        now,
      },
      this.#lanes.crowdedHosts,
    )
    for (const lane of this.#lanes.untried) limits.add(lane, true)
    for (const lane of this.#lanesInFlight()) limits.add(lane)
    this.#lanes.forgetPaces(now)
    for (const lane of this.#lanes.paced) limits.add(lane)
    for (const lane of this.#lanes.hung) limits.add(lane)
    if (!this.#isCrowded) return limits.done('tried')

    for (const lane of this.#lanes.recent) limits.add(lane)
    const isTurnOfOthers = isLook || this.#isTurnOfOthers
    if (!isTurnOfOthers) return limits.done('none')
    if (this.#freeTrials > 0) return limits.done('tried')
    if (now >= this.#peekAt) return limits.done('peeked')
    const made = limits.done('none')
    return { ...made, validUntil: Math.min(made.validUntil, this.#peekAt) }
  }

  /** A claim with these limits is over. */
  claimed({ offered, otherSlots }: ClaimLimits): void {
    this.#isTurnOfOthers = otherSlots === 0
    if (this.#freeTrials <= 0 && otherSlots > 0) this.#peekAt = this.now() + PEEK_EVERY_MS
    for (const lane of offered) this.#lanes.hadTurn(lane, lane.startedBy === this.#limits)
  }

  /** Takes a slot for a delivery that was claimed. */
  take({ endpointId, target, restedUntilMs }: SlotRequest): SendSlot | NoTurn {
    const now = this.now()
    const lane = this.#lanes.lane(endpointId, target)
    lane.claimed(restedUntilMs, now, this.random)
    if (lane.pace !== undefined) this.#lanes.paced.add(lane)
    const { pace, standing, host } = lane
    if (pace !== undefined && pace.turns(now) < 1) return waitFor(pace, now)
    const isTrial = !this.shares.isProven(lane)
    if (isTrial && this.#freeTrials <= 0) return { waitMs: this.#lanes.waitForTrial(lane) }
    if (!this.shares.hasHostRoom(lane, this.#freeTrials)) return { waitMs: this.#lanes.waitForHost(lane) }

    lane.startedBy = this.#limits
    const paced = pace?.start(now) ?? { startedAt: now, wasHeldBack: false }
    const slot = { lane, host, standing, pace, paced, isTrial, isHanging: false, isBusy: false }
    lane.inFlight += 1
    if (lane.inFlight === this.shares.limits.perEndpoint) this.#fullEndpoints += 1
    host.inFlight += 1
    if (isTrial) this.#trials += 1
    this.#inFlight.add(slot)
    return slot
  }

  /**
   * The receiver of a send has answered that it is busy.
   *
   * @param retryAfterMs null = it did not say for how long
   * @returns for how many milliseconds the endpoint must be left alone; null = it has another target by now
   */
  busy(slot: SendSlot, retryAfterMs: number | null): number | null {
    const { lane, standing, paced } = slot
    slot.isBusy = true
    if (lane.standing !== standing) return null
    this.#lanes.paced.add(lane)
    const now = this.now()
    return lane.busy(now, this.random).busy(paced, now, retryAfterMs)
  }

  free(slot: SendSlot, end: SendEnd): void {
    const { lane, host, standing, pace, paced } = slot
    const now = this.now()
    this.#inFlight.delete(slot)
    if (lane.inFlight === this.shares.limits.perEndpoint) this.#fullEndpoints -= 1
    lane.inFlight -= 1
    host.inFlight -= 1
    if (slot.isTrial) this.#trials -= 1
    if (slot.isHanging) this.#hanging -= 1
    standing.ended(end, now - paced.startedAt)
    host.standing.ended(end, now - paced.startedAt)
    if (end === 'accepted') {
      lane.accepted(now)
      pace?.accepted(paced)
    } else if (!slot.isBusy) pace?.ended()
    if (lane.inFlight === 0) this.#lanes.ended(lane, slot.isHanging)
  }

  /**
   * The lanes with sends in flight, from a random one on. Were it always the same one, it would be granted the trial slots each time,
   * and keep them from the others while it has nothing more to send.
   */
  #lanesInFlight(): Lane[] {
    const lanes = Array.from(this.#inFlight, ({ lane }) => lane)
    const first = Math.floor(this.random() * lanes.length)
    return [...lanes.slice(first), ...lanes.slice(0, first)]
  }

  /** Sends that hang, and do not count for that reason. All of them are trials. */
  get #offAccount(): number {
    return Math.min(this.#hanging, this.shares.limits.hanging)
  }

  get #freeTrials(): number {
    return this.shares.trialSlots - this.#trials + this.#offAccount
  }

  get #isCrowded(): boolean {
    return 2 * this.#freeTrials < this.shares.trialSlots
  }

  /** Sends that hang count as trials, whatever their lane was when they started. */
  #findHanging(now: number): void {
    for (const slot of this.#inFlight) {
      const { paced, standing, host } = slot
      const age = now - paced.startedAt
      if (age < YOUNGEST_HANGING_MS) return
      if (slot.isHanging || age < standing.hangsAfterMs) continue
      slot.isHanging = true
      this.#hanging += 1
      standing.hangs()
      host.standing.hangs()
      if (!slot.isTrial) this.#trials += 1
      slot.isTrial = true
    }
  }
}

function waitFor(pace: Pace, now: number): NoTurn {
  const waitMs = pace.waitMs(now)
  return { waitMs: Number.isFinite(waitMs) ? Math.ceil(waitMs) : TRIAL_WAIT_MS }
}
