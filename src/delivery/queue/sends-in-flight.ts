import type { Logger } from 'pino'
import type { DeliveryConfig } from '../../config/config'
import type { Database } from '../../database/database'
import { thirdOfDescriptors } from '../../descriptors'
import { disableGoneEndpoint } from '../../endpoints/disable-gone-endpoint'
import { deliveryId } from '../../identifiers'
import { type AttemptParts, type AttemptResult, attemptDelivery } from './attempt-delivery'
import type { ClaimedDelivery } from './claims/claim-deliveries'
import { type DeliveryKey, type LeaseHolder, releaseLeases, renewLeases } from './claims/leases'
import { OwnTrouble } from './own-trouble'
import { DeliveryPermit } from './permits/delivery-permit'
import { PermitChecks } from './permits/permit-checks'
import { type FinishedAttempt, recordAttempts } from './recording/record-attempts'
import { Recorder } from './recording/recorder'
import { Rejections } from './recording/rejections'
import { type NoTurn, type SendSlot, SendSlots } from './slots/send-slots'
import type { Limits } from './slots/shares'
import type { SendEnd } from './slots/standing'

/** Delay before retrying a delivery whose signing secret no configured key can decrypt: time for the operator to add the key. */
const UNSIGNED_DELAY_MS = 60_000

export interface SendsOptions extends AttemptParts {
  database: Pick<Database, 'prisma' | 'query' | 'asyncCommitTransaction'>
  deliveryConfig: DeliveryConfig
  log: Logger
  leaseMs: number
  /** who holds the leases, at the current time of its clock */
  holder: () => LeaseHolder
  /** called after each send */
  onSlotFree: () => void
  /** called after each recorded batch of attempts */
  onRecorded: () => void
  /** called when a delivery that this process held falls due again */
  onDueIn: (milliseconds: number) => void
  /** called with each error of a statement, and a message for the log */
  onDatabaseError: (error: unknown, message: string) => void
}

/** The deliveries that this process holds leases of: from the claim until the attempt is on record or the lease is released. */
export class SendsInFlight {
  readonly slots: SendSlots
  /** attempts that this process has recorded since its start */
  recorded = 0
  /** by id: those in flight, and those whose attempts are not on record yet */
  readonly #held = new Map<string, DeliveryKey>()
  readonly #sending = new Set<Promise<void>>()
  readonly #checks: PermitChecks
  readonly #recorder: Recorder
  readonly #rejections = new Rejections()
  readonly #aborting = new AbortController()
  readonly #ownTrouble: OwnTrouble

  constructor(private readonly options: SendsOptions) {
    const { database, deliveryConfig, log, holder, onRecorded, onDueIn, onDatabaseError } = options
    this.#ownTrouble = new OwnTrouble(log)
    this.slots = new SendSlots(limitsOf(deliveryConfig, log))
    this.#checks = new PermitChecks(database.asyncCommitTransaction, holder, (error) =>
      onDatabaseError(error, 'requests cannot be sent at the moment'),
    )
    this.#recorder = new Recorder({
<<<<<<< HEAD
      record: (attempts) => recordAttempts(database.query, holder(), attempts),
      onRecorded: (attempts) => {
        this.#onRecorded(attempts)
        onRecorded()
=======
      record: async (attempts) => {
        await recordAttempts(database.query, holder(), attempts)
        this.recorded += attempts.length
        onDueIn(Math.min(...attempts.map(({ retryInMs }) => retryInMs ?? Number.POSITIVE_INFINITY)))
>>>>>>> main
      },
      onUnavailable: (error) => onDatabaseError(error, 'attempts cannot be recorded at the moment'),
      onRejected: (error, attempt) => this.#onRejected(error, attempt),
    })
  }

  /**
   * How many more sends may start. After a crash, deliveries in flight and those with an unrecorded attempt are sent again: both
   * together are at most twice the send slots, and those that hang.
   */
  get room(): number {
    const { available, shares } = this.slots
    return Math.min(available, shares.limits.slots + available - this.#recorder.size)
  }

  has(deliveryId: string): boolean {
    return this.#held.has(deliveryId)
  }

  /**
   * Starts a send. Where a connection is open, its request is written before this function returns.
   *
   * @param claimEnded resolves when the claim's transaction has ended
   * @returns NoTurn when the delivery gets no send slot now: the caller releases its lease
   */
  start(delivery: ClaimedDelivery, claimEnded: Promise<void>): DeliveryPermit | NoTurn {
    const waitMs = this.#rejections.waitMs(delivery.id)
    const slot = waitMs > 0 ? { waitMs } : this.slots.take(delivery)
    if ('waitMs' in slot) return slot
    const permit = new DeliveryPermit(delivery, async (waiting) => {
      // Before the claim's commit no other transaction sees the lease.
      await claimEnded
      return this.#checks.check(waiting)
    })
    const { id, eventId, endpointId } = delivery
    this.#held.set(id, { eventId, endpointId })
    const sending = this.#send(delivery, slot, permit, claimEnded).finally(() =>
      this.#sending.delete(sending),
    )
    this.#sending.add(sending)
    return permit
  }

  /** Ends every send in flight at once as ABORTED: it uses up no try, and its delivery is due again. */
  abort(): void {
    this.#aborting.abort()
  }

  /** Resolves when every send has ended and every attempt is on record. */
  async finished(): Promise<void> {
    await Promise.all(this.#sending)
    await this.#recorder.drained()
  }

  async renewLeases(): Promise<void> {
    try {
      await this.#renewLeases()
    } catch (error) {
      this.options.onDatabaseError(error, 'leases cannot be renewed at the moment')
    }
  }

  /**
   * Renews all leases and records all finished attempts.
   *
   * @throws Error when the database does not answer
   */
  async recover(): Promise<void> {
    await this.#renewLeases()
    await this.#recorder.drained()
  }

  async #renewLeases(): Promise<void> {
    const { database, holder, leaseMs } = this.options
    if (this.#held.size > 0) await renewLeases(database.prisma, holder(), [...this.#held.values()], leaseMs)
  }

  async #send(
    delivery: ClaimedDelivery,
    slot: SendSlot,
    permit: DeliveryPermit,
    claimEnded: Promise<void>,
  ): Promise<void> {
    const { log, onSlotFree } = this.options
    const about = { eventId: String(delivery.eventId), endpointId: delivery.endpointId }
    const attempting = attemptDelivery(delivery, this.options, {
      signal: this.#aborting.signal,
      permit,
      restMs: (retryAfterMs) => this.slots.busy(slot, retryAfterMs),
    })
    const finished = await attempting.catch((err) => {
      log.error({ err, ...about }, 'a delivery could not be signed')
      return undefined
    })
    permit.end()
    this.slots.free(slot, endOf(finished))
    onSlotFree()
    // A receiver may answer before the claim has committed. Until then there is no lease to release.
    await claimEnded
    if (!finished) return this.#releaseLease(delivery, UNSIGNED_DELAY_MS)
    if (permit.phase === 'notAllowed') return this.#releaseLease(delivery, 0)
    const { attempt, detail, isOwnTrouble } = finished
    if (isOwnTrouble) return this.#releaseLease(delivery, this.#ownTrouble.delayMs(detail))
    if (attempt.isGone) await this.#disableEndpoint(delivery)
    log.debug(
      { ...about, number: attempt.number, status: attempt.responseStatus, error: attempt.error, detail },
      'attempt',
    )
    this.#recorder.add(attempt)
  }

  async #disableEndpoint(delivery: ClaimedDelivery): Promise<void> {
    try {
      await disableGoneEndpoint(this.options.database.prisma, delivery)
    } catch (error) {
      // The next 410 switches the endpoint off. The attempt must be recorded anyway.
      this.options.onDatabaseError(error, 'cannot switch off an endpoint')
    }
  }

<<<<<<< HEAD
  #onRecorded(attempts: FinishedAttempt[]): void {
    this.recorded += attempts.length
    for (const { eventId, endpointId } of attempts) {
      const id = deliveryId(eventId, endpointId)
      this.#held.delete(id)
      this.#rejections.remove(id)
    }
  }

  #onRejected(err: unknown, { eventId, endpointId }: FinishedAttempt): void {
    const delivery = { eventId: BigInt(eventId), endpointId }
    const delayMs = this.#rejections.add(deliveryId(eventId, endpointId))
    this.options.log.error({ err, eventId, endpointId, delayMs }, 'an attempt cannot be recorded')
    void this.#releaseLease(delivery, delayMs)
  }

  async #releaseLease(delivery: DeliveryKey, delayMs: number): Promise<void> {
    const { database, holder, onDatabaseError } = this.options
    try {
      await releaseLeases(database.query, holder(), [{ delivery, delayMs }])
=======
  async #releaseLease(delivery: ClaimedDelivery, delayMs: number): Promise<void> {
    const { database, holder, onDueIn, onDatabaseError } = this.options
    try {
      await releaseLease(database.prisma, holder(), delivery, delayMs)
      onDueIn(delayMs)
>>>>>>> main
    } catch (error) {
      // The lease expires by itself.
      onDatabaseError(error, 'a lease cannot be released at the moment')
    } finally {
      this.#held.delete(deliveryId(delivery.eventId, delivery.endpointId))
    }
  }
}

/** How a send ended, as far as it says something about the receiver. */
function endOf(finished: AttemptResult | undefined): SendEnd {
  if (finished === undefined || finished.attempt.error === 'ABORTED') return 'stopped'
  if (finished.attempt.error === null) return 'accepted'
  return finished.attempt.responseStatus === null ? 'unanswered' : 'answered'
}

function limitsOf(
  { concurrency, endpointConcurrency, hostConcurrency }: DeliveryConfig,
  log: Logger,
): Limits {
  const most = thirdOfDescriptors()
  const slots = Math.min(concurrency, most)
  if (slots < concurrency) {
    const message =
      'fewer sends than HOOKGATE_CONCURRENCY at a time: the process may open few files and sockets'
    log.warn({ sends: slots }, message)
  }
  return {
    slots,
    hanging: Math.min(slots, most - slots),
    perEndpoint: endpointConcurrency,
    perHost: hostConcurrency,
  }
}
