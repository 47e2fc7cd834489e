import type { Logger } from 'pino'
import type { DeliveryConfig } from '../../config/config'
import type { Database } from '../../database/database'
import { thirdOfDescriptors } from '../../descriptors'
import { disableGoneEndpoint } from '../../endpoints/disable-gone-endpoint'
import { type AttemptParts, attemptDelivery } from './attempt-delivery'
import type { ClaimedDelivery } from './claims/claim-deliveries'
import { type LeaseHolder, releaseLease, renewLeases } from './claims/leases'
import { OwnTrouble } from './own-trouble'
import { DeliveryPermit } from './permits/delivery-permit'
import { PermitChecks } from './permits/permit-checks'
import { recordAttempts } from './recording/record-attempts'
import { Recorder } from './recording/recorder'
import { SendSlots } from './send-slots'

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
  readonly #sending = new Map<string, { delivery: ClaimedDelivery; sending: Promise<void> }>()
  readonly #checks: PermitChecks
  readonly #recorder: Recorder
  readonly #concurrency: number
  readonly #aborting = new AbortController()
  readonly #ownTrouble: OwnTrouble

  constructor(private readonly options: SendsOptions) {
    const { database, deliveryConfig, log, holder, onRecorded, onDueIn, onDatabaseError } = options
    this.#ownTrouble = new OwnTrouble(log)
    this.#concurrency = Math.min(deliveryConfig.concurrency, thirdOfDescriptors())
    if (this.#concurrency < deliveryConfig.concurrency) {
      const message =
        'fewer sends than HOOKGATE_CONCURRENCY at a time: the process may open few files and sockets'
      log.warn({ sends: this.#concurrency }, message)
    }
    this.slots = new SendSlots(this.#concurrency, deliveryConfig.endpointConcurrency)
    this.#checks = new PermitChecks(database.asyncCommitTransaction, holder, (error) =>
      onDatabaseError(error, 'requests cannot be sent at the moment'),
    )
    this.#recorder = new Recorder({
      record: async (attempts) => {
        await recordAttempts(database.query, holder(), attempts)
        this.recorded += attempts.length
        onDueIn(Math.min(...attempts.map(({ retryInMs }) => retryInMs ?? Number.POSITIVE_INFINITY)))
      },
      onRecorded,
      onUnavailable: (error) => onDatabaseError(error, 'attempts cannot be recorded at the moment'),
      onRejected: (err, { eventId, endpointId }) =>
        log.error({ err, eventId, endpointId }, 'an attempt cannot be recorded'),
    })
  }

  /**
   * How many more sends may start. After a crash, deliveries in flight and those with an unrecorded attempt are sent again: both
   * together are at most twice the send slots.
   */
  get room(): number {
    return Math.min(this.slots.available, 2 * this.#concurrency - this.slots.taken - this.#recorder.size)
  }

  has(deliveryId: string): boolean {
    return this.#sending.has(deliveryId)
  }

  /**
   * Starts a send. Where a connection is open, its request is written before this function returns.
   *
   * @param claimEnded resolves when the claim's transaction has ended
   */
  start(delivery: ClaimedDelivery, claimEnded: Promise<void>): DeliveryPermit {
    const permit = new DeliveryPermit(delivery, async (waiting) => {
      // Before the claim's commit no other transaction sees the lease.
      await claimEnded
      return this.#checks.check(waiting)
    })
    this.slots.take(delivery.endpointId)
    const sending = this.#send(delivery, permit, claimEnded).finally(() => {
      permit.end()
      this.#sending.delete(delivery.id)
      this.slots.free(delivery.endpointId)
      this.options.onSlotFree()
    })
    this.#sending.set(delivery.id, { delivery, sending })
    return permit
  }

  /** Ends every send in flight at once as ABORTED: it uses up no try, and its delivery is due again. */
  abort(): void {
    this.#aborting.abort()
  }

  /** Resolves when every send has ended and every attempt is on record. */
  async finished(): Promise<void> {
    await Promise.all([...this.#sending.values()].map(({ sending }) => sending))
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
    const sending = [...this.#sending.values()].map(({ delivery }) => delivery)
    const deliveries = [...sending, ...this.#recorder.deliveries()]
    if (deliveries.length > 0) await renewLeases(database.prisma, holder(), deliveries, leaseMs)
  }

  async #send(delivery: ClaimedDelivery, permit: DeliveryPermit, claimEnded: Promise<void>): Promise<void> {
    const { log } = this.options
    const about = {
      eventId: String(delivery.eventId),
      endpointId: delivery.endpointId,
    }
    const attempting = attemptDelivery(delivery, this.options, this.#aborting.signal, permit)
    const finished = await attempting.catch((err) => {
      log.error({ err, ...about }, 'a delivery could not be signed')
    })
    permit.end()
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

  async #releaseLease(delivery: ClaimedDelivery, delayMs: number): Promise<void> {
    const { database, holder, onDueIn, onDatabaseError } = this.options
    try {
      await releaseLease(database.prisma, holder(), delivery, delayMs)
      onDueIn(delayMs)
    } catch (error) {
      // The lease expires by itself.
      onDatabaseError(error, 'a lease cannot be released at the moment')
    }
  }
}
