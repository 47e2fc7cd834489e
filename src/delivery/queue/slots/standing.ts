/** From this age on a send hangs, unless its lane's answers usually take longer. */
const HANGS_AFTER_MS = 1_000
/** A send hangs when it takes so many times as long as its lane's answers usually do. */
const USUAL_TIMES = 2
/** Weight of the latest answer in the usual time. */
const LATEST = 0.25

/**
 * How a send ended: with a 2xx; with another answer; with none (no name, no connection, a timeout); or for a reason of the gateway.
 */
export type SendEnd = 'accepted' | 'answered' | 'unanswered' | 'stopped'

/**
 * What this process knows about a lane, or about a host with all its lanes: whether it answers. The latest news decides.
 *
 * - `new`: nothing is known.
 * - `proven`: the latest send that ended was answered, by any status.
 * - `failing`: it was not, or a send hangs since then.
 */
export class Standing {
  #news: 'new' | 'proven' | 'failing' = 'new'
  /** how long an answer usually takes */
  #usualMs = 0

  get news(): 'new' | 'proven' | 'failing' {
    return this.#news
  }

  /** Answers usually take longer than a second: its sends hold their slots for long. */
  get isSlow(): boolean {
    return this.#usualMs > HANGS_AFTER_MS
  }

  /** the age in milliseconds from which on a send hangs */
  get hangsAfterMs(): number {
    return Math.max(HANGS_AFTER_MS, USUAL_TIMES * this.#usualMs)
  }

  ended(end: SendEnd, tookMs: number): void {
    if (end === 'stopped') return
    if (end === 'unanswered') {
      this.#news = 'failing'
      return
    }
    this.#usualMs = this.#news === 'new' ? tookMs : this.#usualMs + LATEST * (tookMs - this.#usualMs)
    this.#news = 'proven'
  }

  /** A send hangs now. */
  hangs(): void {
    this.#news = 'failing'
  }
}

/** No send hangs that is younger. */
export const YOUNGEST_HANGING_MS = HANGS_AFTER_MS
