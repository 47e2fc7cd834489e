import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { claimDeliveries, type KnownLane } from './claims/claim-deliveries'
import { LaneStarts } from './claims/lane-starts'
import type { LeaseHolder } from './claims/leases'
import { nextDueIn } from './claims/next-due'
import { SendsInFlight, type SendsOptions } from './sends-in-flight'
import { WakeableSleep } from './wakeable-sleep'

/** When a process dies, other processes can claim its deliveries after this time. */
const LEASE_MS = 10_000
const RENEW_EVERY_MS = 3_000
/** The longest sleep. It bounds the delay of a delivery whose notification got lost. */
const POLL_MS = 1_000
/** Sends that end within this time free their slots together, so that one claim fills many slots. */
const COALESCE_MS = 3
const DATABASE_RETRY_MS = 250
/** Once all sends have ended, a stopping process waits this long until their attempts are on record. */
const RECORD_WITHIN_MS = 2_000

export interface DispatcherOptions
  extends Pick<SendsOptions, 'database' | 'sender' | 'signingKeys' | 'deliveryConfig' | 'log'> {
  /** added to the database's clock; tests use it to let time pass */
  clockOffsetMs?: () => number
}

/** The loop that decides when to claim, and how many deliveries. delivery/start-delivery.ts explains the terms and crashes. */
export class Dispatcher {
  readonly #owner = randomUUID()
  readonly #sends: SendsInFlight
  readonly #pause = new WakeableSleep()
  readonly #laneStarts = new LaneStarts()
  /** true = the last claim did not come to all lanes that may have due deliveries */
  #mayHaveMore = false
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
      onSlotFree: () => this.#wakeSoon(),
      onRecorded: () => this.wake(),
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

  /** Claims now instead of after the current sleep: a delivery may be due. */
  wake(): void {
    this.#pause.wake()
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
    this.wake()
    const late = setTimeout(() => this.#sends.abort(), withinMs)
    const finished = Promise.resolve(this.#running).then(() => this.#sends.finished())
    await Promise.race([finished, sleep(withinMs + RECORD_WITHIN_MS, undefined, { ref: false })])
    clearTimeout(late)
    clearInterval(this.#renewal)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      try {
        if (this.#mustRecover) await this.#recover()
        const hasRoom = this.#sends.room > 0
        const started = hasRoom ? await this.#claim() : 0
        // More deliveries may be due than one claim had room for: claim until a claim starts no send.
        if (started === 0 && !this.#isStopping) await this.#pause.sleep(await this.#idleMs(hasRoom))
      } catch (error) {
        this.#onDatabaseError(error, 'deliveries cannot be claimed at the moment')
        await this.#pause.sleep(DATABASE_RETRY_MS)
      }
    }
  }

  /**
   * Leases due deliveries, and starts their sends within the claim's transaction.
   *
   * @returns the number of started sends; 0 = this process can start none now
   */
  async #claim(): Promise<number> {
    const { database, deliveryConfig } = this.options
    let endClaim = () => {}
    const claimEnded = new Promise<void>((resolve) => {
      endClaim = resolve
    })
    const claim = database.asyncCommitTransaction(async (query) => {
      const starts = this.#laneStarts.forClaim()
      const startedAt = performance.now()
      const { claimed, lastEndpoint, mayHaveMore, dueMs } = await claimDeliveries(query, {
        ...this.#holder(),
        slots: this.#sends.room,
        slotsPerEndpoint: deliveryConfig.endpointConcurrency,
        lanes: knownLanes(this.#sends.slots.busyEndpoints(), starts),
        afterEndpoint: this.#lastEndpoint,
        leaseMs: LEASE_MS,
      })
      this.#laneStarts.claimed(dueMs, starts.size === 0, performance.now() - startedAt)
      this.#lastEndpoint = lastEndpoint
      this.#mayHaveMore = mayHaveMore
      // A delivery whose lease expired during its send. Claiming it renewed the lease; do not send it again.
      const fresh = claimed.filter(({ id }) => !this.#sends.has(id))
      const permits = fresh.map((delivery) => this.#sends.start(delivery, claimEnded))
      // The transaction holds the endpoints' rows. It must not end while a request may still be written without another check.
      await Promise.all(permits.map((permit) => permit.writtenOrWaiting()))
      return permits.length
    })
    return claim.finally(endClaim)
  }

  /** How long to sleep: until the next delivery is due, as far as this process can know. */
  async #idleMs(hasRoom: boolean): Promise<number> {
    if (!hasRoom) return POLL_MS
    if (this.#mayHaveMore) return COALESCE_MS
    const { prisma } = this.options.database
    const dueIn = await nextDueIn(prisma, this.#holder().clockOffsetMs, this.#sends.slots.fullEndpoints())
    return Math.min(Math.max(dueIn ?? POLL_MS, COALESCE_MS), POLL_MS)
  }

  #wakeSoon(): void {
    this.#wakingSoon ??= setTimeout(() => {
      this.#wakingSoon = undefined
      this.wake()
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
function knownLanes(
  busyEndpoints: { endpointId: number; freeSlots: number }[],
  starts: ReadonlyMap<number, number>,
): KnownLane[] {
  const busy = new Set(busyEndpoints.map(({ endpointId }) => endpointId))
  const others = [...starts].filter(([endpointId]) => !busy.has(endpointId))
  return [
    ...busyEndpoints.map(({ endpointId, freeSlots }) => ({
      endpointId,
      freeSlots,
      startMs: starts.get(endpointId) ?? null,
    })),
    ...others.map(([endpointId, startMs]) => ({ endpointId, freeSlots: null, startMs })),
  ]
}
