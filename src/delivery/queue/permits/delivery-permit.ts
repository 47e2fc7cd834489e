/**
 * The permission to write the request of a claimed delivery, from its claim to the end of its send. Its phases:
 *
 * - claimed: the request may be written as long as the claim's transaction lasts.
 * - connecting: no connection was open, and one is being opened. The request must not be written without a check.
 * - checking: the connection is open, and the check runs.
 * - allowed: the check has passed. The request may be written as long as the check's transaction lasts.
 * - written: the request is being written, or was. If its kept connection ends before a byte of the answer, a new one is opened.
 * - notAllowed: the send ended after its connection was open, before a check had passed. Not one byte was sent on that connection,
 *   for a reason that is not the receiver's.
 * - ended: the send ended in any other way.
 */

import type { WritePermit } from '../../sending/send-request'
import type { ClaimedDelivery } from '../claims/claim-deliveries'

export type PermitPhase =
  | 'claimed'
  | 'connecting'
  | 'checking'
  | 'allowed'
  | 'written'
  | 'notAllowed'
  | 'ended'

const NEXT_PHASES: Readonly<Record<PermitPhase, readonly PermitPhase[]>> = {
  claimed: ['written', 'connecting', 'ended'],
  connecting: ['checking', 'ended'],
  checking: ['allowed', 'notAllowed'],
  // An open connection may be lost before the request is written. Then another one is opened.
  allowed: ['written', 'connecting', 'ended'],
  written: ['connecting', 'ended'],
  notAllowed: [],
  ended: [],
}

/** The write permit of one claimed delivery. In the phases claimed and allowed, a transaction holds its endpoint's row. */
export class DeliveryPermit implements WritePermit {
  #phase: PermitPhase = 'claimed'
  #onWrittenOrWaiting: (() => void) | undefined

  /** @param runCheck returns whether the request may still be written; calls `allow` before it returns true */
  constructor(
    readonly delivery: ClaimedDelivery,
    private readonly runCheck: (permit: DeliveryPermit) => Promise<boolean>,
  ) {}

  get phase(): PermitPhase {
    return this.#phase
  }

  onConnecting(): void {
    this.#enter('connecting')
  }

  async check(): Promise<boolean> {
    return this.#enter('checking') && this.runCheck(this)
  }

  /**
   * Lets the request be written while the caller's transaction lasts.
   *
   * @returns false when the send has ended meanwhile
   */
  allow(): boolean {
    return this.#enter('allowed')
  }

  onWriting(): void {
    this.#enter('written')
  }

  /** The send has ended. A second call changes nothing. */
  end(): void {
    this.#enter(this.#phase === 'checking' ? 'notAllowed' : 'ended')
  }

  /**
   * Resolves when the transaction that holds the endpoint's row may end: the request is being written, or waits for a
   * connection, or its send has ended. One caller may wait at a time.
   */
  async writtenOrWaiting(): Promise<void> {
    if (this.#mayBeWritten) {
      await new Promise<void>((resolve) => {
        this.#onWrittenOrWaiting = resolve
      })
    }
  }

  get #mayBeWritten(): boolean {
    return this.#phase === 'claimed' || this.#phase === 'allowed'
  }

  /**
   * The only place where the phase changes.
   *
   * @returns false when the send has ended: a late callback of its connection changes nothing
   * @throws Error when `next` cannot follow, which is a bug
   */
  #enter(next: PermitPhase): boolean {
    if (this.#phase === 'ended' || this.#phase === 'notAllowed') return false
    if (!NEXT_PHASES[this.#phase].includes(next))
      throw new Error(`A permit cannot go from ${this.#phase} to ${next}`)
    this.#phase = next
    if (!this.#mayBeWritten) this.#onWrittenOrWaiting?.()
    return true
  }
}
