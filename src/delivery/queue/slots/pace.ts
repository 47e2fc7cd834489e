/** How long an endpoint is left alone after a busy answer without Retry-After, and at most after several in a row. */
const REST_MIN_MS = 1_000
const REST_MAX_MS = 30_000
/** Every rest is longer by a random part of up to this share, so that processes do not come back together. */
const STRETCH = 0.2

/** Sends per second: the lowest rate, and the assumed one while nothing is known. */
const RATE_MIN = 1 / 30
const RATE_UNKNOWN = 1
/** The rate after a busy answer, as a share of the rate before: between the two, as measured. */
const DECREASE_MOST = 0.5
const DECREASE_LEAST = 0.85
/** Fewer accepted sends are no measurement: then this share. */
const MEASURABLE_SENDS = 5
const DECREASE_UNMEASURED = 0.7
/** Aim a little below the measured rate: what the receiver had saved up before is part of the measurement. */
const BELOW_MEASURED = 0.9

/** While no limit is known, the rate doubles with so many accepted sends, or within so many seconds: whichever takes longer. */
const DOUBLE_SENDS = 4
const DOUBLE_SECONDS = 1
/** It takes so many accepted sends, or seconds, until the rate is back at the known limit: whichever takes longer. */
const RETURN_SENDS = 30
const RETURN_SECONDS = 10
/** The longer the endpoint wants to be left alone, the longer that takes: so many times as long, up to the most. */
const RETURN_RESTS = 10
const RETURN_MOST_SECONDS = 60
const RETURN_FEWEST_SENDS = 5
const BEYOND = 1.5

/** A send that starts late by no more than this share of the interval delays no later one. Short intervals allow more. */
const LATE_SHARE = 1 / 8
const LATE_MS = 20
/** Busy answers that other processes got count for so long. */
const SHARED_FOR_MS = 60_000
/** Processes that begin again within this time may do so together. */
const TOGETHER_MS = 100
const SHARE_WEIGHT = 0.2
/** Until a busy answer is on record, its process alone knows of it. */
const UNRECORDED_MS = 1_000
const FORGET_AFTER_MS = 600_000

/** A send that a pace has let go. */
export interface PacedSend {
  startedAt: number
  /** the pace held it back, so its success shows that the pace may be higher */
  wasHeldBack: boolean
}

/**
 * The rate at which one process sends to an endpoint that has answered that it is busy. Nobody configures it: it follows what the
 * receiver takes.
 *
 * - After a busy answer, the endpoint is left alone for the time that the answer names (Retry-After), else for a second. While no
 *   send is accepted, that time doubles, up to 30 s. Then one send tries whether the endpoint takes requests again. Claims see to
 *   this rest, because all processes keep it (lanes.resting_until).
 * - A busy answer also lowers the rate: to a little below the measured one, by 15 % at least and by half at most. Busy answers to
 *   sends that started before the last decrease lower nothing more.
 * - Every accepted send raises the rate. The rate at which the receiver became busy is kept: the rate returns to it fast at
 *   first, then ever slower, stays near it for a while, and goes beyond it ever faster. So about one send in 30 is refused while
 *   the limit stays the same, and a limit that was raised is found within a minute.
 * - Before any limit is known, the rate doubles.
 * - Several processes have a pace each. They see each other's busy answers by the time until when the endpoint is left alone,
 *   which is stored; then each lowers its own rate, and takes a random moment to begin again.
 *
 * Sources: additive increase and multiplicative decrease (RFC 5681), the shape of the curve (RFC 9438), spacing (the generic cell
 * rate algorithm, ITU-T I.371).
 */
export class Pace {
  #rate: number
  /** the rate after the last decrease */
  #base: number
  /** the rate at which the receiver became busy; undefined = not known, the rate doubles */
  #limit: number | undefined
  /** accepted sends since the last decrease, and those of them that the pace had held back */
  #accepted = 0
  #heldBack = 0
  /** since when they are counted: the first send after the last decrease */
  #countedSince: number
  #decreasedAt: number
  #restSeconds = 0
  /** busy answers without an accepted send in between */
  #busyInARow = 0
  /** of the last busy answers, the share that this process got */
  #ownShare = 1
  #busyElsewhereAt = Number.NEGATIVE_INFINITY
  #busyAt: number
  /** when the next send may start */
  #nextAt = Number.NEGATIVE_INFINITY
  /** `resting`: the next send is a trial; `trying`: it is in flight; `open`: sends are accepted */
  #phase: 'resting' | 'trying' | 'open' = 'resting'

  /**
   * @param acceptedPerSecond what the receiver took before it was busy, as far as this process knows
   * @param now milliseconds of a clock that never goes back, here and in every method
   * @param random returns a number from 0 to 1
   */
  constructor(
    acceptedPerSecond: number,
    now: number,
    private readonly random: () => number = Math.random,
  ) {
    this.#rate = Math.max(RATE_MIN, (acceptedPerSecond || RATE_UNKNOWN) * DECREASE_MOST)
    this.#base = this.#rate
    this.#countedSince = now
    this.#decreasedAt = now
    this.#busyAt = now
  }

  /** Sends per second. */
  get rate(): number {
    return this.#rate
  }

  /** How many sends may start now. */
  turns(now: number): number {
    if (now < this.#nextAt || this.#phase === 'trying') return 0
    if (this.#phase === 'resting') return 1
    return 1 + Math.floor(Math.min(now - this.#nextAt, this.#lateMs) / this.#intervalMs)
  }

  /** Milliseconds until a send may start; Infinity while that depends on a send in flight. */
  waitMs(now: number): number {
    return this.#phase === 'trying' ? Number.POSITIVE_INFINITY : Math.max(0, this.#nextAt - now)
  }

  /** No busy answer for so long that the pace need not be kept. */
  isOver(now: number): boolean {
    return now - this.#busyAt > FORGET_AFTER_MS
  }

  start(now: number): PacedSend {
    const wasHeldBack = now - this.#nextAt < Math.max(this.#intervalMs, LATE_MS)
    this.#nextAt = Math.max(this.#nextAt, now - this.#lateMs) + this.#intervalMs
    if (this.#phase === 'resting') {
      this.#phase = 'trying'
      if (this.#accepted === 0) this.#countedSince = now
    }
    return { startedAt: now, wasHeldBack }
  }

  /** The receiver took a send. */
  accepted({ startedAt, wasHeldBack }: PacedSend): void {
    if (startedAt >= this.#decreasedAt) {
      this.#phase = 'open'
      this.#busyInARow = 0
    }
    this.#accepted += 1
    if (!wasHeldBack) return
    this.#heldBack += 1
    this.#rate = this.#risen()
  }

  /** A send ended without saying whether the receiver takes requests. */
  ended(): void {
    if (this.#phase === 'trying') this.#phase = 'resting'
  }

  /**
   * The receiver is busy.
   *
   * @param retryAfterMs null = the answer names no time
   * @returns for how many milliseconds the endpoint must be left alone
   */
  busy({ startedAt }: PacedSend, now: number, retryAfterMs: number | null): number {
    this.#busyAt = now
    this.#phase = 'resting'
    if (startedAt >= this.#decreasedAt) {
      if (this.#accepted > 0) this.#decrease(now, DECREASE_UNMEASURED)
      this.#decreasedAt = now
      this.#busyInARow += 1
      this.#ownShare += SHARE_WEIGHT * (1 - this.#ownShare)
    }
    const restMs = this.#restMs(retryAfterMs)
    this.#restSeconds = restMs / 1_000
    this.#nextAt = Math.max(this.#nextAt, now + Math.max(Math.min(restMs, UNRECORDED_MS), this.#intervalMs))
    return restMs
  }

  /** A rest is over that followed from a busy answer to this process. */
  rested(now: number): void {
    if (now - this.#busyElsewhereAt < SHARED_FOR_MS) this.#spread(now)
  }

  /** Another process got a busy answer, and the rest that followed is over. */
  onBusyElsewhere(now: number): void {
    this.#busyAt = now
    this.#busyElsewhereAt = now
    if (this.#accepted > 0) this.#decrease(now, DECREASE_LEAST)
    this.#decreasedAt = now
    this.#ownShare -= SHARE_WEIGHT * this.#ownShare
    this.#phase = 'resting'
    this.#spread(now)
  }

  /** Its turn came during the rest, as it may have come for other processes: now they begin again at random times. */
  #spread(now: number): void {
    if (now - this.#nextAt > TOGETHER_MS) this.#nextAt = now + this.random() * this.#intervalMs
  }

  get #intervalMs(): number {
    return 1_000 / this.#rate
  }

  get #lateMs(): number {
    return this.#intervalMs < 2 * LATE_MS ? LATE_MS : this.#intervalMs * LATE_SHARE
  }

  #restMs(retryAfterMs: number | null): number {
    const grown = Math.min(REST_MIN_MS * 2 ** Math.max(0, this.#busyInARow - 1), REST_MAX_MS)
    const isFirst = this.#busyInARow <= 1
    const restMs = retryAfterMs === null ? grown : Math.max(retryAfterMs, isFirst ? 0 : grown)
    return restMs * (1 + STRETCH * this.random())
  }

  #decrease(now: number, unmeasured: number): void {
    const perSecond = (this.#accepted / Math.max(now - this.#countedSince, 1)) * 1_000
    const measured = (perSecond * BELOW_MEASURED) / this.#rate
    const share =
      this.#accepted < MEASURABLE_SENDS || this.#limit === undefined
        ? unmeasured
        : Math.min(Math.max(measured, DECREASE_MOST), DECREASE_LEAST)
    this.#base = Math.max(RATE_MIN, this.#rate * share)
    this.#rate = this.#base
    this.#limit = this.#base / DECREASE_LEAST
    this.#accepted = 0
    this.#heldBack = 0
  }

  #risen(): number {
    if (this.#limit === undefined)
      return this.#base * 2 ** (this.#heldBack / Math.max(DOUBLE_SENDS, this.#base * DOUBLE_SECONDS))
    const seconds = Math.min(Math.max(RETURN_SECONDS, this.#restSeconds * RETURN_RESTS), RETURN_MOST_SECONDS)
    const sends = Math.max(RETURN_FEWEST_SENDS, Math.max(RETURN_SENDS, this.#base * seconds) * this.#ownShare)
    const progress = this.#heldBack / sends - 1
    return this.#limit + (this.#limit - this.#base) * (progress > 0 ? BEYOND * progress : progress) ** 3
  }
}
