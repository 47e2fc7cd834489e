import type { Logger } from 'pino'

const DELAY_MIN_MS = 1_000
const DELAY_MAX_MS = 30_000

/**
 * The delays of deliveries that could not be sent because the gateway itself lacked something, such as file descriptors. Such a
 * send uses up no try and is not put on record: a row for each one would add to the trouble. The delivery stays pending.
 *
 * The delay grows while the trouble lasts, the same for all deliveries of this process, and starts again after a quiet time.
 */
export class OwnTrouble {
  #delayMs = DELAY_MIN_MS
  /** when the delay was last set */
  #since = Number.NEGATIVE_INFINITY
  #lastAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * How long to wait before the next send of a delivery, spread so that not all of them come back at once. Logs the trouble each
   * time the delay changes.
   *
   * @param detail what was missing, for the log
   */
  delayMs(detail: string): number {
    const now = this.now()
    if (now - this.#lastAt > 2 * this.#delayMs) this.#set(DELAY_MIN_MS, now, detail)
    else if (now - this.#since > this.#delayMs)
      this.#set(Math.min(2 * this.#delayMs, DELAY_MAX_MS), now, detail)
    this.#lastAt = now
    return this.#delayMs * (1 + Math.random() / 2)
  }

  #set(delayMs: number, now: number, detail: string): void {
    this.#delayMs = delayMs
    this.#since = now
    this.log.warn(
      { detail, delayMs },
      'the gateway lacks something that a send needs; deliveries are delayed',
    )
  }
}
