import { NO_TURN } from '../unavailable'
import { ANSWER_WITHIN_MS } from './session-settings'

/** Gives the turn back. `isStuck`: the statement was given up while it waited for a lock or for its end. */
export type EndTurn = (isStuck: boolean) => void

/** How many statements of a kind run at a time once one of them was given up. */
const STUCK_MAX = 2
/** A kind counts as stuck for this long after its last statement was given up. */
const STUCK_MS = 15_000

interface Kind {
  running: number
  /** Date.now() until when the kind counts as stuck */
  stuckUntil: number
  waiting: ((end: EndTurn) => void)[]
}

/**
 * Shares connections between kinds of statements: a table that somebody has locked must not cost those who do not need the table
 * their connections. No kind may take the last connection, and a kind whose statements are given up gets few.
 */
export class Turns {
  readonly #kinds = new Map<string, Kind>()

  /** @param connections how many there are for all kinds */
  constructor(private readonly connections: number) {}

  /** @returns undefined = the kind has as many as it may have */
  take(name: string): EndTurn | undefined {
    const kind = this.#kinds.get(name) ?? { running: 0, stuckUntil: 0, waiting: [] }
    if (kind.running >= this.#limit(kind)) return undefined
    this.#kinds.set(name, kind)
    kind.running += 1
    return (isStuck) => {
      kind.running -= 1
      kind.stuckUntil = isStuck ? Date.now() + STUCK_MS : 0
      this.#passOn(name, kind)
    }
  }

  /**
   * Waits for a turn.
   *
   * @throws Error when none comes within the time of a statement: nothing was sent then
   */
  wait(name: string): Promise<EndTurn> {
    return new Promise((resolve, reject) => {
      const waiting = this.#kinds.get(name)?.waiting ?? []
      const take = (end: EndTurn) => {
        clearTimeout(late)
        resolve(end)
      }
      const late = setTimeout(() => {
        waiting.splice(waiting.indexOf(take), 1)
        reject(new Error(NO_TURN))
      }, ANSWER_WITHIN_MS)
      waiting.push(take)
    })
  }

  #limit({ stuckUntil }: Kind): number {
    const isStuck = stuckUntil !== 0 && stuckUntil > Date.now()
    return Math.max(1, isStuck ? Math.min(STUCK_MAX, this.connections - 1) : this.connections - 1)
  }

  #passOn(name: string, kind: Kind): void {
    while (kind.waiting.length > 0) {
      const end = this.take(name)
      if (!end) return
      kind.waiting.shift()?.(end)
    }
    // Texts of statements may be many. What is not stuck needs no memory.
    if (kind.running === 0 && kind.stuckUntil === 0) this.#kinds.delete(name)
  }
}
