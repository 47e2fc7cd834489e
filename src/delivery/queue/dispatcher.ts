import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../database/database'
import type { Query } from '../../database/query'
import { type ClaimedDelivery, claimDeliveries } from './claims/claim-deliveries'
import { LaneStarts } from './claims/lane-starts'
import { knownLanes, lanesToConsider } from './claims/lanes-of-limits'
import { type LeaseHolder, type Release, releaseLeases } from './claims/leases'
import { nextDue } from './claims/next-due'
import type { DeliveryPermit } from './permits/delivery-permit'
import { SendsInFlight, type SendsOptions } from './sends-in-flight'
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
    let mustClaim = true
    let emptyClaims = 0
    while (!this.#isStopping) {
      try {
        if (this.#mustRecover) await this.#recover()
        this.#expected = 0
        const claimed: Claimed | undefined =
          mustClaim && this.#sends.room > 0 ? await this.#claim() : undefined
        // More deliveries may be due than the claim had room for.
        if (claimed?.isFull) continue
        if (claimed !== undefined) emptyClaims = claimed.started > 0 ? 0 : emptyClaims + 1
        // A look costs less than a claim.
        const { idleMs, turnMs } = await this.#look()
        mustClaim = idleMs <= 0 && (claimed === undefined || emptyClaims < this.#sends.slots.kindsOfClaims)
        if (mustClaim) continue
        const isWoken = await this.#pause.sleep(Math.min(Math.max(idleMs, this.#pauseMs), turnMs))
        mustClaim = isWoken || this.#mustSettle
        emptyClaims = 0
      } catch (error) {
        this.#onDatabaseError(error, 'deliveries cannot be claimed at the moment')
        await this.#pause.sleep(DATABASE_RETRY_MS)
        mustClaim = true
      }
    }
  }

  /**
   * Leases due deliveries, and starts their sends within the claim's transaction. Wakes another worker when this one has no room
   * for more.
   */
  async #claim(): Promise<Claimed> {
    const { database } = this.options
    const limits = this.#sends.slots.limits(this.#sends.room)
    let endClaim = () => {}
    const claimEnded = new Promise<void>((resolve) => {
      endClaim = resolve
    })
    const claim = database.asyncCommitTransaction(async (query) => {
      const starts = this.#laneStarts.forClaim()
      const startedAt = performance.now()
      const { claimed, lastEndpoint, mayHaveMore, dueMs } = await claimDeliveries(query, {
        ...this.#holder(),
        slots: limits.slots,
        slotsPerEndpoint: limits.slotsPerOther,
        otherSlots: limits.otherSlots,
        lanes: knownLanes(limits.lanes, starts),
        afterEndpoint: this.#lastEndpoint,
        leaseMs: LEASE_MS,
      })
      this.#laneStarts.claimed(dueMs, starts.size === 0, performance.now() - startedAt)
      // Claims that look into the listed lanes alone come in between.
      if (limits.otherSlots > 0) {
        this.#lastEndpoint = lastEndpoint
        this.#mayHaveMore = mayHaveMore
      }
      const started = await this.#start(query, claimed, claimEnded)
      return { started, isFull: started > 0 && claimed.length >= limits.slots }
    })
    const { started, isFull } = await claim.finally(endClaim)
    this.#sends.slots.claimed(limits)
    if (started > 0) this.#startedAt = performance.now()
    if (limits.otherSlots > 0 || started > 0) {
      const isProgress = started > 0 || this.#mayHaveMore
      this.#pauseMs = isProgress ? COALESCE_MS : Math.min(2 * this.#pauseMs, POLL_MS)
      this.#isSettled = started === 0
    }
    return { started, isFull }
  }

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
    const { room, slots } = this.#sends
    if (permits.length > 0 && (room <= 0 || slots.hasFullEndpoint))
      this.options.database.notifications.notifyOthers()
    // The transaction holds the endpoints' rows. It must not end while a request may still be written without another check.
    await Promise.all(permits.map((permit) => permit.writtenOrWaiting()))
    if (releases.length > 0) {
      await releaseLeases(query, this.#holder(), releases)
      this.lookIn(Math.min(...releases.map(({ delayMs }) => delayMs)))
    }
    return permits.length
  }

  /** Whether a claim must put lanes to sleep, because this process has emptied some and has had nothing to send for a while. */
  get #mustSettle(): boolean {
    return !this.#isSettled && performance.now() - this.#startedAt >= POLL_MS
  }

  /**
   * How long to sleep: until the next delivery is due, as far as this process can know (0 or less: one is due already), and at most
   * until it is the turn of a lane that may not be sent to before.
   */
  async #look(): Promise<{ idleMs: number; turnMs: number }> {
    const { slots, room } = this.#sends
    const limits = slots.limits(room, true)
    // From here on, a send that ends may make room.
    this.#waitsForRoom = room <= 0 || limits.isShort
    if (room <= 0) return { idleMs: POLL_MS, turnMs: POLL_MS }
    const turnMs = Math.max(limits.validUntil - performance.now(), 1)
    if (this.#mayHaveMore && limits.otherSlots > 0) return { idleMs: 0, turnMs }
    const { prisma, notifications } = this.options.database
    const due = await nextDue(prisma, this.#holder().clockOffsetMs, lanesToConsider(limits), this.#laneStarts)
    const dueInMs = due.inMs > 0 ? due.inMs + notifications.delayMs() : due.inMs
    return { idleMs: Math.min(dueInMs, due.missedInMs, POLL_MS), turnMs }
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
