import type { ClaimLimits } from '../../../../src/delivery/queue/slots/claim-limits'
import { type SendSlot, SendSlots } from '../../../../src/delivery/queue/slots/send-slots'
import type { Limits } from '../../../../src/delivery/queue/slots/shares'
import type { SendEnd } from '../../../../src/delivery/queue/slots/standing'
import { seededRandom, type VirtualClock } from './virtual-clock'

/** What a receiver does with a request. `busy`: 429, with Retry-After unless it is null. */
export type Reaction =
  | { afterMs: number; end: SendEnd }
  | { afterMs: number; end: 'busy'; retryAfterMs: number | null }

export type Receiver = (now: number) => Reaction

const TIMEOUT_MS = 15_000
export const HANGS: Receiver = () => ({ afterMs: TIMEOUT_MS, end: 'unanswered' })

interface Delivery {
  publishedAt: number
  dueAt: number
}

/** An endpoint with its lane, as the database has it. */
export interface TestLane {
  id: number
  target: string
  receiver: Receiver
  /** the earliest first */
  pending: Delivery[]
  restUntil: number | null
  /** milliseconds from publishing until the request arrives, of each send that was accepted */
  latencies: number[]
  /** when sends were accepted, refused and otherwise ended */
  accepted: number[]
  refused: number[]
  failed: number[]
  inFlight: number
  peak: number
}

export const DEFAULTS: Limits = { slots: 200, hanging: 200, perEndpoint: 10, perHost: 200 }
const CLAIM_MS = 3
const RETRY_MS = 5_000

/** Deliveries, their lanes, and processes that send them: as the gateway does, on a virtual clock, without a database. */
export class Gateway {
  readonly lanes: TestLane[] = []
  readonly #processes: Process[] = []
  readonly random: () => number

  constructor(
    readonly clock: VirtualClock,
    {
      processes = 1,
      limits = DEFAULTS,
      seed = 1,
    }: { processes?: number; limits?: Limits; seed?: number } = {},
  ) {
    this.random = seededRandom(seed)
    for (let nth = 0; nth < processes; nth += 1) this.#processes.push(new Process(this, limits))
  }

  addLane(target: string, receiver: Receiver): TestLane {
    const lane: TestLane = {
      id: this.lanes.length + 1,
      target,
      receiver,
      pending: [],
      restUntil: null,
      latencies: [],
      accepted: [],
      refused: [],
      failed: [],
      inFlight: 0,
      peak: 0,
    }
    this.lanes.push(lane)
    return lane
  }

  publish(lane: TestLane, count = 1): void {
    const { now } = this.clock
    for (let nth = 0; nth < count; nth += 1) insert(lane.pending, { publishedAt: now, dueAt: now })
    this.wake()
  }

  /** Publishes to a lane at a steady rate. */
  publishEvery(lane: TestLane, ms: number, untilMs: number): void {
    this.publish(lane)
    if (this.clock.now + ms < untilMs) this.clock.after(ms, () => this.publishEvery(lane, ms, untilMs))
  }

  wake(): void {
    for (const process of this.#processes) process.wake()
  }

  /** Claims and releases, of all processes. */
  get counts(): { claims: number; released: number } {
    const add = (of: (process: Process) => number) => this.#processes.reduce((sum, each) => sum + of(each), 0)
    return { claims: add(({ claims }) => claims), released: add(({ released }) => released) }
  }

  get peak(): number {
    return Math.max(...this.#processes.map(({ peak }) => peak))
  }
}

class Process {
  claims = 0
  released = 0
  peak = 0
  readonly #slots: SendSlots
  #phase: 'asleep' | 'claiming' | 'woken' = 'asleep'
  #wakeAt = Number.POSITIVE_INFINITY
  #lastLane = 0

  constructor(
    private readonly gateway: Gateway,
    limits: Limits,
  ) {
    this.#slots = new SendSlots(limits, () => gateway.clock.now, gateway.random)
  }

  wake(): void {
    if (this.#phase === 'asleep') this.#claim(0)
    else this.#phase = 'woken'
  }

  /** As Dispatcher.#run does. */
  #claim(emptyBefore: number): void {
    const { clock, random } = this.gateway
    this.#phase = 'claiming'
    this.claims += 1
    const room = this.#slots.available
    const limits = room > 0 ? this.#slots.limits(room) : undefined
    clock.after(CLAIM_MS * (0.5 + random()), () => {
      const started = limits === undefined ? 0 : this.#start(limits)
      if (limits) this.#slots.claimed(limits)
      const empty = started > 0 ? 0 : emptyBefore + 1
      if (this.#phase === 'woken') this.#claim(0)
      else this.#look(empty)
    })
  }

  #look(emptyClaims: number): void {
    const { clock, lanes } = this.gateway
    const limits = this.#slots.limits(this.#slots.available, true)
    const limitOf = new Map(limits.lanes.map(({ endpointId, freeSlots }) => [endpointId, freeSlots]))
    const due = lanes.flatMap(({ id, pending, restUntil }) => {
      const isOpen = limitOf.has(id) ? (limitOf.get(id) ?? 0) > 0 : limits.otherSlots > 0
      return pending[0] && isOpen ? Math.max(pending[0].dueAt, restUntil ?? 0) : []
    })
    const dueAt = this.#slots.available > 0 ? Math.min(...due, clock.now + 1_000) : clock.now + 1_000
    if (dueAt <= clock.now && emptyClaims < this.#slots.kindsOfClaims) {
      this.#claim(emptyClaims)
      return
    }
    this.#phase = 'asleep'
    this.#wakeAt = Math.max(clock.now + 1, Math.min(Math.max(dueAt, clock.now + 3), limits.validUntil))
    const planned = this.#wakeAt
    clock.at(planned, () => {
      if (this.#wakeAt === planned && this.#phase === 'asleep') this.#look(0)
    })
  }

  /** As the function claim_deliveries does. */
  #start({ slots, otherSlots, slotsPerOther, lanes: listed }: ClaimLimits): number {
    const { clock, lanes } = this.gateway
    const limitOf = new Map(listed.map(({ endpointId, freeSlots }) => [endpointId, freeSlots]))
    const inTurn = [...lanes.slice(this.#lastLane), ...lanes.slice(0, this.#lastLane)]
    const looked = inTurn
      .filter(({ id, pending, restUntil }) => {
        const isOpen = limitOf.has(id) ? (limitOf.get(id) ?? 0) > 0 : otherSlots > 0
        return isOpen && (restUntil ?? 0) <= clock.now && isDue(pending[0], clock.now)
      })
      .slice(0, slots)
    const share = Math.ceil(slots / Math.max(1, looked.length))
    const chosen = looked.flatMap((lane, turn) =>
      lane.pending
        .slice(0, Math.min(share, limitOf.get(lane.id) ?? slotsPerOther))
        .filter((delivery) => isDue(delivery, clock.now))
        .map((delivery, rank) => ({ lane, delivery, rank, turn, isOther: !limitOf.has(lane.id) })),
    )
    chosen.sort((a, b) => a.rank - b.rank || a.turn - b.turn)
    let others = 0
    const claimed = chosen.filter(({ isOther }) => !isOther || ++others <= otherSlots).slice(0, slots)
    for (const { lane, delivery } of claimed) lane.pending.splice(lane.pending.indexOf(delivery), 1)
    this.#lastLane = claimed.at(-1)?.lane.id ?? 0
    return claimed.filter(({ lane, delivery }) => this.#send(lane, delivery)).length
  }

  #send(lane: TestLane, delivery: Delivery): boolean {
    const { clock } = this.gateway
    const restedUntilMs =
      lane.restUntil !== null && clock.now - lane.restUntil < 60_000 ? lane.restUntil : null
    const slot = this.#slots.take({ endpointId: lane.id, target: lane.target, restedUntilMs })
    if ('waitMs' in slot) {
      this.released += 1
      if (slot.waitMs > 0) delivery.dueAt = clock.now + slot.waitMs
      insert(lane.pending, delivery)
      return false
    }
    this.peak = Math.max(this.peak, this.#slots.taken)
    lane.inFlight += 1
    lane.peak = Math.max(lane.peak, lane.inFlight)
    const arrivesAt = clock.now
    const reaction = lane.receiver(clock.now)
    clock.after(reaction.afterMs, () => this.#end(lane, delivery, slot, reaction, arrivesAt))
    return true
  }

  #end(lane: TestLane, delivery: Delivery, slot: SendSlot, reaction: Reaction, arrivedAt: number): void {
    const { clock, random } = this.gateway
    lane.inFlight -= 1
    if (reaction.end === 'busy') {
      const restMs = this.#slots.busy(slot, reaction.retryAfterMs) ?? 0
      lane.restUntil = Math.max(lane.restUntil ?? 0, clock.now + restMs)
      lane.refused.push(clock.now)
      insert(lane.pending, { ...delivery, dueAt: clock.now + restMs * (1 + random() / 5) })
    } else if (reaction.end === 'accepted') {
      lane.accepted.push(clock.now)
      lane.latencies.push(arrivedAt - delivery.publishedAt)
    } else {
      lane.failed.push(clock.now)
      insert(lane.pending, { ...delivery, dueAt: clock.now + RETRY_MS })
    }
    this.#slots.free(slot, reaction.end === 'busy' ? 'answered' : reaction.end)
    // Sends that end within 3 ms free their slots together.
    clock.after(3, () => this.wake())
  }
}

/** Behind those that are due at the same time. */
function insert(pending: Delivery[], delivery: Delivery): void {
  let place = pending.length
  while (place > 0 && (pending[place - 1]?.dueAt ?? 0) > delivery.dueAt) place -= 1
  pending.splice(place, 0, delivery)
}

const isDue = (delivery: Delivery | undefined, now: number) => delivery !== undefined && delivery.dueAt <= now
