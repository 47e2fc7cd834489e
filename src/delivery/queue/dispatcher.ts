import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
<<<<<<< HEAD
import type { Query } from '../../database/query'
import { type ClaimedDelivery, claimDeliveries, type KnownLane } from './claims/claim-deliveries'
=======
import type { Database } from '../../database/database'
import { claimDeliveries, type KnownLane } from './claims/claim-deliveries'
>>>>>>> main
import { LaneStarts } from './claims/lane-starts'
import { type LeaseHolder, type Release, releaseLeases } from './claims/leases'
import { type LanesToConsider, nextDueIn } from './claims/next-due'
import type { DeliveryPermit } from './permits/delivery-permit'
import { SendsInFlight, type SendsOptions } from './sends-in-flight'
import type { ClaimLimits, LaneLimit } from './slots/claim-limits'
import { WakeableSleep } from './wakeable-sleep'

/** When a process dies, other processes can claim its deliveries after this time. */
const LEASE_MS = 10_000
const RENEW_EVERY_MS = 3_000
/** The longest sleep. It bounds the delay of a delivery whose notification got lost, or woke a worker that has just died. */
const POLL_MS = 1_000
/** Sends that end within this time free their slots together, so that one claim fills many slots. */
const COALESCE_MS = 3
const DATABASE_RETRY_MS = 250
/** Once all sends have ended, a stopping process waits this long until their attempts are on record. */
const RECORD_WITHIN_MS = 2_000

export interface DispatcherOptions
  extends Pick<SendsOptions, 'sender' | 'signingKeys' | 'deliveryConfig' | 'log'> {
  database: SendsOptions['database'] & Pick<Database, 'notifications'>
  /** added to the database's clock; tests use it to let time pass */
  clockOffsetMs?: () => number
}

/** The result of a claim. */
interface Claimed {
  /** sends that were started */
  started: number
  /** whether the claim has taken as many deliveries as it had room for */
  isFull: boolean
}

/** The loop that decides when to claim, and how many deliveries. delivery/start-delivery.ts explains the terms and crashes. */
export class Dispatcher {
  readonly #owner = randomUUID()
  readonly #sends: SendsInFlight
  readonly #pause = new WakeableSleep()
  readonly #laneStarts = new LaneStarts()
  /** true = the last claim did not come to all lanes that may have due deliveries */
  #mayHaveMore = false
  /** due deliveries that this worker was woken for since its last claim */
  #expected = 0
  /** whether deliveries may be due that this process had no room for when it last looked */
  #waitsForRoom = false
  /** the shortest sleep: longer after each claim that has started nothing, because somebody holds the lanes or the endpoints */
  #pauseMs = COALESCE_MS
  /** whether the last claim has found nothing, and has put all lanes to sleep; when a claim has last found anything */
  #isSettled = false
  #startedAt = 0
  /** the endpoint at which the last claim ended; 0 = none */
  #lastEndpoint = 0
  /** true after a statement has failed, until the leases are renewed */
  #mustRecover = false
  #isStopping = false
  #running: Promise<void> | undefined
  #renewal: NodeJS.Timeout | undefined
  #wakingSoon: NodeJS.Timeout | undefined

  constructor(private readonly options: DispatcherOptions) {
    this.#sends = new SendsInFlight({
      ...options,
      leaseMs: LEASE_MS,
      holder: () => this.#holder(),
      onSlotFree: () => this.#waitsForRoom && this.#wakeSoon(),
      onRecorded: () => this.#waitsForRoom && this.#pause.wake(),
      onDueIn: (milliseconds) => this.lookIn(milliseconds),
      onDatabaseError: (error, message) => this.#onDatabaseError(error, message),
    })
  }

  /** Attempts that this process has recorded since its start. */
  get recorded(): number {
    return this.#sends.recorded
  }

  start(): void {
    this.#running = this.#run()
    this.#renewal = setInterval(() => this.#sends.renewLeases(), RENEW_EVERY_MS)
  }

  /** See NotifiedWorker.wake: claims now instead of after the current sleep. */
  wake(deliveries: number): boolean {
    this.#expected += deliveries
    this.#pause.wake()
    const canTakeAll = this.#expected <= this.#sends.room && !this.#sends.slots.hasFullEndpoint
    return canTakeAll && !this.#mustRecover && !this.#isStopping
  }

  /** See NotifiedWorker.lookIn. */
  lookIn(milliseconds: number): void {
    this.#pause.endIn(milliseconds)
  }

  /**
   * Claims no more, lets the sends in flight end, and puts their attempts on record, which releases their leases. Resolves
   * within `withinMs` and two seconds, also while the database does not answer. The leases of unrecorded attempts then expire,
   * and another process sends those deliveries again.
   *
   * @param withinMs sends that are still in flight then are aborted, and use up no try
   */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true
    this.#pause.wake()
    const late = setTimeout(() => this.#sends.abort(), withinMs)
    const finished = Promise.resolve(this.#running).then(() => this.#sends.finished())
    await Promise.race([finished, sleep(withinMs + RECORD_WITHIN_MS, undefined, { ref: false })])
    clearTimeout(late)
    clearInterval(this.#renewal)
  }

  async #run(): Promise<void> {
<<<<<<< HEAD
    let emptyClaims = 0
    while (!this.#isStopping) {
      try {
        if (this.#mustRecover) await this.#recover()
        const limits = this.#sends.room > 0 ? this.#sends.slots.nextClaim(this.#sends.room) : undefined
        const started = limits === undefined ? 0 : await this.#claim(limits)
        emptyClaims = started > 0 ? 0 : emptyClaims + 1
        // More deliveries may be due than one claim had room for: claim until claims start no send.
        const isLast = limits === undefined || emptyClaims >= this.#sends.slots.claimsUntilIdle
        if (isLast && started === 0 && !this.#isStopping) await this.#pause.sleep(await this.#idleMs(limits))
=======
    let mustClaim = true
    while (!this.#isStopping) {
      try {
        if (this.#mustRecover) await this.#recover()
        this.#expected = 0
        const claim: Claimed | undefined = mustClaim && this.#sends.room > 0 ? await this.#claim() : undefined
        // More deliveries may be due than the claim had room for.
        if (claim?.isFull) continue
        // A look costs less than a claim.
        const idleMs = await this.#idleMs()
        mustClaim = idleMs <= 0 && claim?.started !== 0
        if (mustClaim) continue
        const isWoken = await this.#pause.sleep(Math.max(idleMs, this.#pauseMs))
        mustClaim = isWoken || this.#mustSettle
>>>>>>> main
      } catch (error) {
        this.#onDatabaseError(error, 'deliveries cannot be claimed at the moment')
        await this.#pause.sleep(DATABASE_RETRY_MS)
        mustClaim = true
      }
    }
  }

  /**
<<<<<<< HEAD
   * Leases due deliveries, and starts their sends within the claim's transaction.
   *
   * @returns the number of started sends
   */
  async #claim(limits: ClaimLimits): Promise<number> {
    const { database } = this.options
=======
   * Leases due deliveries, and starts their sends within the claim's transaction. Wakes another worker when this one has no room
   * for more.
   */
  async #claim(): Promise<Claimed> {
    const { database, deliveryConfig } = this.options
    const { slots } = this.#sends
>>>>>>> main
    let endClaim = () => {}
    const claimEnded = new Promise<void>((resolve) => {
      endClaim = resolve
    })
    const claim = database.asyncCommitTransaction(async (query) => {
      const starts = this.#laneStarts.forClaim()
      const { room } = this.#sends
      const startedAt = performance.now()
      const { claimed, lastEndpoint, mayHaveMore, dueMs } = await claimDeliveries(query, {
        ...this.#holder(),
<<<<<<< HEAD
        slots: limits.slots,
        slotsPerEndpoint: limits.slotsPerOther,
        otherSlots: limits.otherSlots,
        lanes: knownLanes(limits.lanes, starts),
=======
        slots: room,
        slotsPerEndpoint: deliveryConfig.endpointConcurrency,
        lanes: knownLanes(slots.busyEndpoints(), starts),
>>>>>>> main
        afterEndpoint: this.#lastEndpoint,
        leaseMs: LEASE_MS,
      })
      this.#laneStarts.claimed(dueMs, starts.size === 0, performance.now() - startedAt)
<<<<<<< HEAD
      if (limits.otherSlots > 0) {
        this.#lastEndpoint = lastEndpoint
        this.#mayHaveMore = mayHaveMore
      }
      return this.#start(query, claimed, claimEnded)
=======
      this.#lastEndpoint = lastEndpoint
      this.#mayHaveMore = mayHaveMore
      // A delivery whose lease expired during its send. Claiming it renewed the lease; do not send it again.
      const fresh = claimed.filter(({ id }) => !this.#sends.has(id))
      const permits = fresh.map((delivery) => this.#sends.start(delivery, claimEnded))
      const isFull = claimed.length >= room
      if (isFull || fresh.some(({ endpointId }) => slots.isFull(endpointId))) {
        database.notifications.notifyOthers()
      }
      // The transaction holds the endpoints' rows. It must not end while a request may still be written without another check.
      await Promise.all(permits.map((permit) => permit.writtenOrWaiting()))
      return { started: permits.length, isFull }
>>>>>>> main
    })
    const { started, isFull } = await claim.finally(endClaim)
    const isProgress = started > 0 || this.#mayHaveMore
    this.#pauseMs = isProgress ? COALESCE_MS : Math.min(2 * this.#pauseMs, POLL_MS)
    if (started > 0) this.#startedAt = performance.now()
    this.#isSettled = started === 0
    return { started, isFull }
  }

<<<<<<< HEAD
  /** Starts the sends of claimed deliveries, and releases those that get no send slot. */
  async #start(query: Query, claimed: ClaimedDelivery[], claimEnded: Promise<void>): Promise<number> {
    const permits: DeliveryPermit[] = []
    const releases: Release[] = []
    for (const delivery of claimed) {
      // Its lease expired during its send, or before its attempt was recorded. Claiming it renewed the lease; do not send it again.
      if (this.#sends.has(delivery.id)) continue
      const started = this.#sends.start(delivery, claimEnded)
      if ('waitMs' in started) releases.push({ delivery, delayMs: started.waitMs })
      else permits.push(started)
    }
    // The transaction holds the endpoints' rows. It must not end while a request may still be written without another check.
    await Promise.all(permits.map((permit) => permit.writtenOrWaiting()))
    if (releases.length > 0) await releaseLeases(query, this.#holder(), releases)
    return permits.length
  }

  /**
   * How long to sleep: until the next delivery is due, or may be sent, as far as this process can know.
   *
   * @param limits of the last claim; undefined = no slot was free
   */
  async #idleMs(limits: ClaimLimits | undefined): Promise<number> {
    if (limits === undefined) return POLL_MS
    const { slots } = this.#sends
    if (this.#mayHaveMore && !slots.isFullForOthers) return COALESCE_MS
    const { prisma } = this.options.database
    const dueIn = await nextDueIn(
      prisma,
      this.#holder().clockOffsetMs,
      lanesToConsider(limits, slots.isFullForOthers),
    )
    const wait = Math.min(dueIn ?? POLL_MS, limits.validUntil - performance.now(), POLL_MS)
    return Math.max(wait, COALESCE_MS)
=======
  /** Whether a claim must put lanes to sleep, because this process has emptied some and has had nothing to send for a while. */
  get #mustSettle(): boolean {
    return !this.#isSettled && performance.now() - this.#startedAt >= POLL_MS
  }

  /** How long to sleep: until the next delivery is due, as far as this process can know; 0 or less: one is due already. */
  async #idleMs(): Promise<number> {
    const { slots, room } = this.#sends
    // From here on, a send that ends may make room.
    this.#waitsForRoom = room <= 0 || slots.hasFullEndpoint
    if (room <= 0) return POLL_MS
    if (this.#mayHaveMore) return 0
    const { prisma, notifications } = this.options.database
    const dueIn = await nextDueIn(prisma, this.#holder().clockOffsetMs, slots.fullEndpoints())
    if (dueIn === undefined) return POLL_MS
    return dueIn <= 0 ? dueIn : Math.min(dueIn + notifications.delayMs(), POLL_MS)
>>>>>>> main
  }

  #wakeSoon(): void {
    this.#wakingSoon ??= setTimeout(() => {
      this.#wakingSoon = undefined
      this.#pause.wake()
    }, COALESCE_MS)
  }

  #onDatabaseError(error: unknown, message: string): void {
    this.#mustRecover = true
    this.options.log.warn({ err: error }, message)
  }

  /**
   * While the database did not answer, leases of this process may have expired. Renew them and record every finished attempt
   * before the next claim: a claim would take those deliveries once more, and this process would send them a second time.
   */
  async #recover(): Promise<void> {
    await this.#sends.recover()
    this.#mustRecover = false
  }

  #holder(): LeaseHolder {
    return { owner: this.#owner, clockOffsetMs: this.options.clockOffsetMs?.() ?? 0 }
  }
}

/** Everything that this process knows about lanes, each once. */
function knownLanes(limited: LaneLimit[], starts: ReadonlyMap<number, number>): KnownLane[] {
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

/** @param isFullForOthers only the lanes with limits of their own can be sent to */
function lanesToConsider({ lanes }: ClaimLimits, isFullForOthers: boolean): LanesToConsider {
  return {
    passedOver: lanes.flatMap(({ endpointId, freeSlots }) => (freeSlots <= 0 ? endpointId : [])),
    only: isFullForOthers ? lanes.map(({ endpointId }) => endpointId) : null,
  }
}
