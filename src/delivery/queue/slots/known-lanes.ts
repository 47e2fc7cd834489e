import { destinationOf } from '../../sending/destination'
import { Host, Lane } from './lane'
import { RecentValues } from './recent-values'

/** How many lanes and hosts are kept while nothing is in flight to them. */
const LANES_MAX = 5_000
const HOSTS_MAX = 5_000
const RECENT_MAX = 512
const HUNG_MAX = 1_000
/** More waiting lanes than that are not told to claims: their deliveries are due later, so that no claim takes them at once. */
const WAITING_MAX = 1_000
const UNLISTED_WAIT_MS = 500

/** The lanes that this process has sent to lately, with their hosts, and those among them that claims must know of. */
export class KnownLanes {
  /** lanes whose endpoints were busy lately */
  readonly paced = new Set<Lane>()
  /** lanes with a delivery that got no trial slot, the longest waiting first */
  readonly untried = new Set<Lane>()
  /** lanes with nothing in flight whose last send hung */
  readonly hung = new Set<Lane>()
  /** hosts with lanes that wait for a slot of the host */
  readonly crowdedHosts = new Set<Host>()
  /** lanes whose last send ended lately, in no order; a ring */
  readonly recent: Lane[] = []
  #nextRecent = 0
  readonly #lanes = new RecentValues<number, Lane>(LANES_MAX, (lane) => this.#isNeeded(lane))
  readonly #hosts = new RecentValues<string, Host>(
    HOSTS_MAX,
    ({ inFlight, waiting }) => inFlight + waiting.size > 0,
  )

  constructor(private readonly random: () => number) {}

  lane(endpointId: number, target: string): Lane {
    const lane = this.#lanes.get(endpointId, () => new Lane(endpointId, target, this.#hostOf(target)))
    if (lane.target !== target) lane.retarget(target, this.#hostOf(target))
    else if (lane.inFlight === 0) lane.host = this.#hosts.get(lane.host.name, () => lane.host)
    return lane
  }

  /** @returns for how many milliseconds the lane's delivery waits, apart from its turn */
  waitForTrial(lane: Lane): number {
    this.untried.add(lane)
    return this.#waitMs(this.untried)
  }

  /** @returns as waitForTrial */
  waitForHost(lane: Lane): number {
    lane.host.waiting.add(lane)
    this.crowdedHosts.add(lane.host)
    return this.#waitMs(lane.host.waiting)
  }

  /**
   * A claim is over, and it was the turn of a lane that waited.
   *
   * @param hasStarted one of its deliveries is being sent, so it may have more
   */
  hadTurn(lane: Lane, hasStarted: boolean): void {
    const { waiting } = lane.host
    this.untried.delete(lane)
    if (waiting.delete(lane) && hasStarted) waiting.add(lane)
    if (waiting.size === 0) this.crowdedHosts.delete(lane.host)
  }

  /** Nothing is in flight any more in this lane. */
  ended(lane: Lane, hasHung: boolean): void {
    this.recent[this.#nextRecent] = lane
    this.#nextRecent = (this.#nextRecent + 1) % RECENT_MAX
    this.hung.delete(lane)
    if (!hasHung || lane.standing.news !== 'failing') return
    this.hung.add(lane)
    if (this.hung.size > HUNG_MAX) for (const longest of this.hung) return void this.hung.delete(longest)
  }

  forgetPaces(now: number): void {
    for (const lane of this.paced) {
      if (lane.pace?.isOver(now)) lane.pace = undefined
      if (lane.pace === undefined) this.paced.delete(lane)
    }
  }

  /** The limit of a lane that waits is 0 in the next claims, until its turn has come. So its delivery may be due at once. */
  #waitMs({ size }: ReadonlySet<Lane>): number {
    return size <= WAITING_MAX ? 0 : UNLISTED_WAIT_MS * (1 + this.random())
  }

  #hostOf(target: string): Host {
    return this.#hosts.get(destinationOf(target).host, (name) => new Host(name))
  }

  #isNeeded(lane: Lane): boolean {
    if (lane.inFlight > 0 || lane.pace !== undefined || lane.host.waiting.has(lane)) return true
    return this.hung.has(lane) || this.untried.has(lane)
  }
}
