/** What may stop a send: any one of several abort signals, which hundreds of sends share. */
export interface Stop {
  readonly isStopped: boolean
  /** @returns a function that removes the listener */
  onStop(listener: () => void): () => void
}

/**
 * @param closing stops every send
 * @returns what may stop a send: `closing`, and the signal of its caller if it has one
 */
export function stopsOf(closing: AbortSignal): (signal?: AbortSignal) => Stop {
  const own = new SharedStop([closing])
  const bySignal = new WeakMap<AbortSignal, Stop>()
  return (signal) => {
    if (signal === undefined) return own
    const known = bySignal.get(signal)
    if (known !== undefined) return known
    const stop = new SharedStop([closing, signal])
    bySignal.set(signal, stop)
    return stop
  }
}

/**
 * One listener of each signal for all sends, because removing a listener from a signal takes longer the more listeners the signal
 * has. The sends are in a list in which each entry knows its place.
 *
 * Not a Set, because V8 replaces the table of a Set from time to time as entries come and go, and each old table refers to the
 * next. Once the garbage collector has moved an old table to the old generation, the later tables and their entries stay in
 * memory, and with them sends that ended long ago.
 */
class SharedStop implements Stop {
  readonly #listeners: Listener[] = []
  readonly #callAll = () => {
    for (const { act } of [...this.#listeners]) act()
  }

  constructor(private readonly signals: readonly AbortSignal[]) {}

  get isStopped(): boolean {
    return this.signals.some(({ aborted }) => aborted)
  }

  onStop(act: () => void): () => void {
    if (this.#listeners.length === 0) {
      for (const signal of this.signals) signal.addEventListener('abort', this.#callAll)
    }
    const listener = { act, place: this.#listeners.length }
    this.#listeners.push(listener)
    return () => this.#remove(listener)
  }

  #remove(listener: Listener): void {
    if (listener.place === -1) return
    const last = this.#listeners.pop()
    if (last !== undefined && last !== listener) {
      this.#listeners[listener.place] = last
      last.place = listener.place
    }
    listener.place = -1
    if (this.#listeners.length > 0) return
    for (const signal of this.signals) signal.removeEventListener('abort', this.#callAll)
  }
}

interface Listener {
  act: () => void
  /** index in the list; -1 = removed */
  place: number
}
