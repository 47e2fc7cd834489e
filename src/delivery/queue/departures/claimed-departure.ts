import type { Departure } from '../../sending/send-request'
import type { ClaimedDelivery } from '../claims/claim-deliveries'

/**
 * - claimed: the request may be written as long as the claim's transaction lasts.
 * - connecting: no connection was open. The request must not be written without another check.
 * - asking: the connection is open, and the check runs.
 * - released: the check has passed. The request may be written as long as the check's transaction lasts.
 * - left: the request is being written.
 * - withdrawn: the send ended before a check had passed. Not one byte was sent, for a reason that is not the receiver's.
 * - ended: the send ended in any other way.
 */
export type DeparturePhase = 'claimed' | 'connecting' | 'asking' | 'released' | 'left' | 'withdrawn' | 'ended'

const NEXT_PHASES: Readonly<Record<DeparturePhase, readonly DeparturePhase[]>> = {
  claimed: ['left', 'connecting', 'ended'],
  connecting: ['asking', 'ended'],
  asking: ['released', 'withdrawn'],
  // An open connection may be lost before the request is written. Then another one is opened.
  released: ['left', 'connecting', 'ended'],
  left: ['ended'],
  withdrawn: [],
  ended: [],
}

/** The departure of one claimed delivery. In the phases claimed and released, a transaction holds its endpoint's row. */
export class ClaimedDeparture implements Departure {
  #phase: DeparturePhase = 'claimed'
  #onWrittenOrWaiting: (() => void) | undefined

  /** @param check returns whether the request may still leave; calls `release` before it returns true */
  constructor(
    readonly delivery: ClaimedDelivery,
    private readonly check: (departure: ClaimedDeparture) => Promise<boolean>,
  ) {}

  get phase(): DeparturePhase {
    return this.#phase
  }

  onConnecting(): void {
    this.#enter('connecting')
  }

  async mayLeave(): Promise<boolean> {
    return this.#enter('asking') && this.check(this)
  }

  /**
   * Lets the request be written while the caller's transaction lasts.
   *
   * @returns false when the send has ended meanwhile
   */
  release(): boolean {
    return this.#enter('released')
  }

  onLeaving(): void {
    this.#enter('left')
  }

  /** The send has ended. A second call changes nothing. */
  end(): void {
    this.#enter(this.#phase === 'asking' ? 'withdrawn' : 'ended')
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
    return this.#phase === 'claimed' || this.#phase === 'released'
  }

  /**
   * The only place where the phase changes.
   *
   * @returns false when the send has ended: late news of its connection change nothing
   * @throws Error when `next` cannot follow, which is a bug
   */
  #enter(next: DeparturePhase): boolean {
    if (this.#phase === 'ended' || this.#phase === 'withdrawn') return false
    if (!NEXT_PHASES[this.#phase].includes(next))
      throw new Error(`A departure cannot go from ${this.#phase} to ${next}`)
    this.#phase = next
    if (!this.#mayBeWritten) this.#onWrittenOrWaiting?.()
    return true
  }
}
