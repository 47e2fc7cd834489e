import { Pace } from './pace'
import { RecentRate } from './recent-rate'
import { Standing } from './standing'

/** A host and port, with all lanes whose targets are there, as far as this process knows them. */
export class Host {
  readonly standing = new Standing()
  inFlight = 0
  /** lanes that get turns one after the other, because the host has fewer free slots than they could use; the next one first */
  readonly waiting = new Set<Lane>()

  constructor(
    /** as in the Host header of a request */
    readonly name: string,
  ) {}
}

/** What this process knows about a lane. */
export class Lane {
  inFlight = 0
  standing = new Standing()
  /** undefined = the endpoint has not been busy lately */
  pace: Pace | undefined
  /** number of the last limits that name the lane */
  listedFor = 0
  /** number of the limits by which the last send started */
  startedBy = 0
  readonly #acceptedRate = new RecentRate()
  /** when the endpoint's last rest ended, as claims have read it */
  #restedUntilMs: number | null = null
  /** this process got the busy answer that the next rest follows from */
  #isRestOwn = false

  constructor(
    readonly endpointId: number,
    public target: string,
    public host: Host,
  ) {}

  /** The endpoint has another target: what is known of the receiver is over. */
  retarget(target: string, host: Host): void {
    this.host.waiting.delete(this)
    this.target = target
    this.host = host
    this.standing = new Standing()
    this.pace = undefined
    this.#isRestOwn = false
  }

  /** A send was answered by 2xx. */
  accepted(now: number): void {
    this.#acceptedRate.count(now)
  }

  /** A send of this process was answered by "busy". */
  busy(now: number, random: () => number): Pace {
    this.#isRestOwn = true
    this.pace ??= this.#newPace(now, random)
    return this.pace
  }

  /**
   * A claim has taken a delivery of the lane.
   *
   * @param restedUntilMs until when the endpoint was left alone, if that was lately: Unix time in milliseconds of the database.
   *   A time that does not come from a busy answer to this process comes from one to another process.
   */
  claimed(restedUntilMs: number | null, now: number, random: () => number): void {
    if (restedUntilMs === this.#restedUntilMs) return
    this.#restedUntilMs = restedUntilMs
    if (restedUntilMs === null) return
    this.pace ??= this.#newPace(now, random)
    if (this.#isRestOwn) this.pace.rested(now)
    else this.pace.onBusyElsewhere(now)
    this.#isRestOwn = false
  }

  #newPace(now: number, random: () => number): Pace {
    return new Pace(this.#acceptedRate.perSecond(now), now, random)
  }
}
