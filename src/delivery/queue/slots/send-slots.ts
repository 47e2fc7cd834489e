import { destinationOf } from '../../sending/destination'
import { type ClaimLimits, LimitsInTheMaking } from './claim-limits'
import { Host, Lane } from './lane'
import type { Pace, PacedSend } from './pace'
import { Remembered } from './remembered'
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

/** How many lanes and hosts are remembered while nothing is in flight to them. */
const LANES_MAX = 5_000
const HOSTS_MAX = 5_000
const RECENT_MAX = 512
const HUNG_MAX = 1_000
/** More lanes than that are not told to claims: their deliveries are due later, so that the next claim does not take them again. */
const WAITING_MAX = 1_000
const CROWDED_WAIT_MS = 500
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
  readonly #lanes = new Remembered<number, Lane>(LANES_MAX, (lane) => isInUse(lane) || this.#hung.has(lane))
  readonly #hosts = new Remembered<string, Host>(
    HOSTS_MAX,
    ({ inFlight, waiting }) => inFlight + waiting.size > 0,
  )
  /** in the order of their start */
  readonly #inFlight = new Set<SendSlot>()
  #trials = 0
  #hanging = 0
  readonly #paced = new Set<Lane>()
  /** lanes with nothing in flight whose last send hung */
  readonly #hung = new Set<Lane>()
  readonly #crowdedHosts = new Set<Host>()
  /** lanes whose last send ended lately, in no order; a ring */
  readonly #recent: Lane[] = []
  #nextRecent = 0
  #claim = 0
  #areOthersNext = true
  #peekAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    limits: Limits,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {
    this.shares = new Shares(limits)
  }

  /** How many more sends may be in flight, in all. */
  get available(): number {
    return this.shares.limits.slots - this.#inFlight.size + this.#offAccount
  }

  /** How many sends are in flight, in all. */
  get taken(): number {
    return this.#inFlight.size
  }

  /** No slot is free for lanes of which nothing is known. */
  get isFullForOthers(): boolean {
    return this.#freeTrials <= 0
  }

  /**
   * More than half of the trial slots are taken. Then claims look by turns into the lanes that this process knows, and into all:
   * many lanes that hang would hide a proven one from them.
   */
  get #isCrowded(): boolean {
    return 2 * this.#freeTrials < this.shares.trialSlots
  }

  /** After so many claims in a row that started nothing, nothing can be sent now. */
  get claimsUntilIdle(): number {
    return this.#isCrowded ? 2 : 1
  }

  /**
   * The limits of the next claim.
   *
   * @param room how many sends may start, at most
   */
  nextClaim(room: number): ClaimLimits {
    const now = this.now()
    this.#findHanging(now)
    this.#endOffers()
    this.#claim += 1
    const limits = new LimitsInTheMaking(
      {
        shares: this.shares,
        claim: this.#claim,
        free: Math.min(room, this.available),
        freeTrials: Math.max(0, this.#freeTrials),
        now,
      },
      this.#crowdedHosts,
    )
    for (const { lane } of this.#inFlight) limits.add(lane)
    this.#forgetPaces(now)
    for (const lane of this.#paced) limits.add(lane)
    for (const lane of this.#hung) limits.add(lane)
    if (!this.#isCrowded) return limits.done('tried')

    for (const lane of this.#recent) limits.add(lane)
    this.#areOthersNext = !this.#areOthersNext
    if (!this.#areOthersNext) return limits.done('none')
    if (this.#freeTrials > 0) return limits.done('tried')
    const isPeek = now >= this.#peekAt
    if (isPeek) this.#peekAt = now + PEEK_EVERY_MS
    const { validUntil, ...others } = limits.done(isPeek ? 'peeked' : 'none')
    return { ...others, validUntil: Math.min(validUntil, this.#peekAt) }
  }

  /** Takes a slot for a delivery that was claimed. */
  take({ endpointId, target, restedUntilMs }: SlotRequest): SendSlot | NoTurn {
    const now = this.now()
    const lane = this.#laneOf(endpointId, target)
    lane.claimed(restedUntilMs, now, this.random)
    if (lane.pace !== undefined) this.#paced.add(lane)
    const { pace, standing, host } = lane
    if (pace !== undefined && pace.turns(now) < 1) return waitFor(pace, now)
    if (!this.shares.hasHostRoom(lane, this.#freeTrials)) return this.#waitForHost(lane)

    const isTrial = !this.shares.isProven(lane)
    if (isTrial && this.isFullForOthers) return { waitMs: (TRIAL_WAIT_MS * (1 + this.random())) / 2 }
    if (lane.isOffered) this.#moveBehindOthers(lane)
    const paced = pace?.start(now) ?? { startedAt: now, wasHeldBack: false }
    const slot = { lane, host, standing, pace, paced, isTrial, isHanging: false, isBusy: false }
    lane.inFlight += 1
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
    this.#paced.add(lane)
    const now = this.now()
    return lane.busy(now, this.random).busy(paced, now, retryAfterMs)
  }

  free(slot: SendSlot, end: SendEnd): void {
    const { lane, host, standing, pace, paced } = slot
    const now = this.now()
    this.#inFlight.delete(slot)
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
    if (lane.inFlight === 0) this.#ended(lane, slot.isHanging)
  }

  /** Sends that hang, and do not count for that reason. All of them are trials. */
  get #offAccount(): number {
    return Math.min(this.#hanging, this.shares.limits.hanging)
  }

  get #freeTrials(): number {
    return this.shares.trialSlots - this.#trials + this.#offAccount
  }

  #laneOf(endpointId: number, target: string): Lane {
    const lane = this.#lanes.get(endpointId, () => new Lane(endpointId, target, this.#hostOf(target)))
    if (lane.target !== target) lane.retarget(target, this.#hostOf(target))
    else if (lane.inFlight === 0) lane.host = this.#hosts.get(lane.host.name, () => lane.host)
    return lane
  }

  #hostOf(target: string): Host {
    return this.#hosts.get(destinationOf(target).host, (name) => new Host(name))
  }

  #waitForHost(lane: Lane): NoTurn {
    const { waiting } = lane.host
    waiting.add(lane)
    lane.isOffered = false
    this.#crowdedHosts.add(lane.host)
    // Its limit is 0 in the next claims, until its turn has come.
    return { waitMs: waiting.size <= WAITING_MAX ? 0 : CROWDED_WAIT_MS * (1 + this.random()) }
  }

  /** The lane has had its turn on its host. It waits for another one, because it may have more to send. */
  #moveBehindOthers(lane: Lane): void {
    lane.isOffered = false
    lane.host.waiting.delete(lane)
    lane.host.waiting.add(lane)
  }

  /** Lanes of which the last claim took nothing, though it was their turn, have nothing to send. */
  #endOffers(): void {
    for (const host of this.#crowdedHosts) {
      for (const lane of host.waiting) {
        if (!lane.isOffered) continue
        lane.isOffered = false
        host.waiting.delete(lane)
      }
      if (host.waiting.size === 0) this.#crowdedHosts.delete(host)
    }
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

  #forgetPaces(now: number): void {
    for (const lane of this.#paced) {
      if (lane.pace?.isOver(now)) lane.pace = undefined
      if (lane.pace === undefined) this.#paced.delete(lane)
    }
  }

  /** Nothing is in flight any more in this lane. */
  #ended(lane: Lane, hasHung: boolean): void {
    this.#recent[this.#nextRecent] = lane
    this.#nextRecent = (this.#nextRecent + 1) % RECENT_MAX
    this.#hung.delete(lane)
    if (!hasHung || lane.standing.news !== 'failing') return
    this.#hung.add(lane)
    if (this.#hung.size > HUNG_MAX) for (const longest of this.#hung) return void this.#hung.delete(longest)
  }
}

function waitFor(pace: Pace, now: number): NoTurn {
  const waitMs = pace.waitMs(now)
  return { waitMs: Number.isFinite(waitMs) ? Math.ceil(waitMs) : TRIAL_WAIT_MS }
}

const isInUse = (lane: Lane) => lane.inFlight > 0 || lane.pace !== undefined || lane.host.waiting.has(lane)
