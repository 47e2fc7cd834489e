import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { DeliveryConfig } from '../../config'
import type { Database } from '../../database/database'
import { disableGoneEndpoint } from '../../endpoints/disable-endpoint'
import { type ClaimedDelivery, claimDeliveries } from './claim'
import { type ClaimedDeparture, Departures } from './departures'
import { Lanes } from './lanes'
import { type LeaseHolder, nextDueIn, releaseLease, renewLeases } from './leases'
import { recordAttempts } from './record-attempts'
import { Recorder } from './recorder'
import { type AttemptParts, attemptDelivery } from './send-delivery'
import { Wakeable } from './wakeable-sleep'

/** A delivery whose process has died is taken over after this long. */
const LEASE_MS = 10_000
const RENEW_EVERY_MS = 3_000
/** The longest sleep: what no notifications rang for and no clock told of is found by then. */
const POLL_MS = 1_000
/** Sends that end within this long of each other make room together, so that claims come in batches. */
const GATHER_MS = 3
const DATABASE_RETRY_MS = 250
/** What could not even be signed, because no key opens its secret, waits this long for the operator. */
const POSTPONE_MS = 60_000
/** How long outcomes may take to be recorded once all sends have ended. */
const RECORD_WITHIN_MS = 2_000

export interface DispatcherOptions extends AttemptParts {
  database: Pick<Database, 'prisma' | 'query' | 'asyncCommitTransaction' | 'vacuum'>
  deliveryConfig: DeliveryConfig
  log: Logger
  /** added to the database's clock; tests move it to let time pass */
  clockOffsetMs?: () => number
}

/** Claims due deliveries, sends them and records what came of it, until it is stopped. */
export class Dispatcher {
  private readonly owner = randomUUID()
  private readonly lanes: Lanes
  private readonly recorder: Recorder
  private readonly departures: Departures
  /** how many outcomes it has put on record */
  recorded = 0
  private readonly sending = new Map<bigint, Promise<void>>()
  private readonly abort = new AbortController()
  private readonly signal = new Wakeable()
  private lastEndpoint = 0
  private stopping = false
  /** the database did not answer lately */
  private hindered = false
  private running: Promise<void> | undefined
  private renewal: NodeJS.Timeout | undefined
  private gathering: NodeJS.Timeout | undefined

  constructor(private readonly options: DispatcherOptions) {
    const { deliveryConfig } = options
    this.lanes = new Lanes(deliveryConfig.concurrency, deliveryConfig.endpointConcurrency)
    this.recorder = new Recorder({
      record: async (outcomes) => {
        await recordAttempts(options.database.query, this.holder(), outcomes)
        this.recorded += outcomes.length
      },
      onRoom: () => this.signal.wake(),
      onFailure: (error) => this.hinder(error, 'outcomes cannot be recorded at the moment'),
      onRefused: (err, { deliveryId }) =>
        options.log.error({ err, deliveryId }, 'an outcome cannot be recorded'),
    })
    this.departures = new Departures(
      options.database.asyncCommitTransaction,
      () => this.holder(),
      (error) => this.hinder(error, 'requests cannot leave at the moment'),
    )
  }

  start(): void {
    this.running = this.run()
    this.renewal = setInterval(() => this.renew(), RENEW_EVERY_MS)
  }

  /** Something may have fallen due: look now. */
  wake(): void {
    this.signal.wake()
  }

  /**
   * Takes no more, lets sends in flight end (`withinMs` at most, then they are broken off and count for nothing) and
   * records what came of them, which gives their leases back. With the database away it does not wait for ever: what is
   * not on record then is sent again, by whoever takes it over when its lease runs out.
   */
  async stop(withinMs: number): Promise<void> {
    this.stopping = true
    this.signal.wake()
    const late = setTimeout(() => this.abort.abort(), withinMs)
    await Promise.race([this.finish(), sleep(withinMs + RECORD_WITHIN_MS, undefined, { ref: false })])
    clearTimeout(late)
    clearInterval(this.renewal)
  }

  private async finish(): Promise<void> {
    await this.running
    await Promise.all(this.sending.values())
    await this.recorder.drained()
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        if (this.hindered) await this.recover()
        const hasRoom = this.room > 0
        const claimed = hasRoom ? await this.claim() : 0
        // More may be due than there was room for: look again until nothing is.
        if (claimed === 0 && !this.stopping) await this.signal.wait(await this.idleMs(hasRoom))
      } catch (error) {
        this.hinder(error, 'deliveries cannot be claimed at the moment')
        await this.signal.wait(DATABASE_RETRY_MS)
      }
    }
  }

  /**
   * How many sends may start. What has ended and is not on record yet counts as well, for a crash repeats it: with what is
   * in flight it is never more than twice of what may be in flight.
   */
  private get room(): number {
    const { concurrency } = this.options.deliveryConfig
    return Math.min(this.lanes.free, 2 * concurrency - this.lanes.size - this.recorder.size)
  }

  /** @returns how many sends it started */
  private async claim(): Promise<number> {
    const { database, deliveryConfig } = this.options
    let settle = () => {}
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    const claiming = database.asyncCommitTransaction(async (query) => {
      const { claimed, lastEndpoint } = await claimDeliveries(query, {
        ...this.holder(),
        capacity: this.room,
        laneCapacity: deliveryConfig.endpointConcurrency,
        busy: this.lanes.busy(),
        afterEndpoint: this.lastEndpoint,
        leaseMs: LEASE_MS,
      })
      // One whose lease ran out while it was being sent: the claim has taken the lease up again, and that is all.
      const fresh = claimed.filter(({ id }) => !this.sending.has(id))
      const begun = fresh.map((delivery) => this.begin(delivery, settled))
      this.lastEndpoint = lastEndpoint
      // Before the transaction ends, which a change of their endpoints waits for.
      await Promise.all(begun.map((departure) => departure.settled()))
      return begun.length
    })
    return claiming.finally(settle)
  }

  private begin(delivery: ClaimedDelivery, claimSettled: Promise<void>): ClaimedDeparture {
    this.lanes.enter(delivery.endpointId)
    const departure = this.departures.of(delivery, claimSettled)
    const sending = this.send(delivery, departure, claimSettled).finally(() => {
      departure.end()
      this.sending.delete(delivery.id)
      this.lanes.leave(delivery.endpointId)
      this.gathering ??= setTimeout(() => {
        this.gathering = undefined
        this.signal.wake()
      }, GATHER_MS)
    })
    this.sending.set(delivery.id, sending)
    return departure
  }

  private async send(
    delivery: ClaimedDelivery,
    departure: ClaimedDeparture,
    claimSettled: Promise<void>,
  ): Promise<void> {
    const { log } = this.options
    const about = {
      deliveryId: String(delivery.id),
      eventId: String(delivery.eventId),
      endpointId: delivery.endpointId,
    }
    const attempting = attemptDelivery(delivery, this.options, this.abort.signal, departure)
    const attempted = await attempting.catch((err) => {
      log.error({ err, ...about }, 'a delivery could not be signed')
    })
    departure.end()
    // A receiver may be quicker than the claim's own commit, before which the lease is not there to be given up.
    await claimSettled
    if (!attempted) return this.giveBack(delivery, POSTPONE_MS)
    if (departure.isHeldBack) return this.giveBack(delivery, 0)
    const { outcome, detail } = attempted
    if (outcome.isGone) await this.disable(delivery)
    log.debug(
      { ...about, number: outcome.number, status: outcome.responseStatus, error: outcome.error, detail },
      'attempt',
    )
    this.recorder.add(outcome)
  }

  private async disable(delivery: ClaimedDelivery): Promise<void> {
    try {
      await disableGoneEndpoint(this.options.database.prisma, delivery)
    } catch (error) {
      // The next 410 switches the endpoint off. The attempt must be recorded all the same.
      this.hinder(error, 'cannot switch off an endpoint')
    }
  }

  private async giveBack({ id }: ClaimedDelivery, afterMs: number): Promise<void> {
    try {
      await releaseLease(this.options.database.prisma, this.holder(), id, afterMs)
    } catch (error) {
      // Then the lease runs out.
      this.hinder(error, 'a lease cannot be given back at the moment')
    }
  }

  /** How long nothing can happen that this process would not hear of. */
  private async idleMs(hasRoom: boolean): Promise<number> {
    if (!hasRoom) return POLL_MS
    const due = await nextDueIn(this.options.database.prisma, this.holder().clockOffsetMs, this.lanes.full())
    return Math.min(Math.max(due ?? POLL_MS, GATHER_MS), POLL_MS)
  }

  private async renew(): Promise<void> {
    try {
      await this.renewLeases()
    } catch (error) {
      this.hinder(error, 'leases cannot be renewed at the moment')
    }
  }

  private async renewLeases(): Promise<void> {
    const ids = [...this.sending.keys(), ...this.recorder.deliveryIds()]
    if (ids.length > 0) await renewLeases(this.options.database.prisma, this.holder(), ids, LEASE_MS)
  }

  private hinder(error: unknown, message: string): void {
    this.hindered = true
    this.options.log.warn({ err: error }, message)
  }

  /**
   * After the database was away, leases of what is in flight or not yet on record may have run out: they are taken up
   * again, and what is known is written, before anything is claimed. Else this process would send it a second time.
   */
  private async recover(): Promise<void> {
    await this.renewLeases()
    await this.recorder.drained()
    this.hindered = false
  }

  private holder(): LeaseHolder {
    return { owner: this.owner, clockOffsetMs: this.options.clockOffsetMs?.() ?? 0 }
  }
}
