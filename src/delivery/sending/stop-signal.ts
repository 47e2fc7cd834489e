/** What may break off a send: the first of its signals that is aborted. */
export interface Stop {
  readonly isStopped: boolean
  /** @returns forgets the listener */
  onStop(listener: () => void): () => void
}

/**
 * Follows signals that hundreds of sends have in common. Each signal gets one listener for all of them, because leaving
 * a signal's own list takes longer the longer it is.
 */
export function stopOf(signals: readonly AbortSignal[]): Stop {
  return {
    get isStopped() {
      return signals.some(({ aborted }) => aborted)
    },
    onStop(listener) {
      const forget = signals.map((signal) => listenersOf(signal).add(listener))
      return () => {
        for (const leave of forget) leave()
      }
    },
  }
}

const known = new WeakMap<AbortSignal, Listeners>()

function listenersOf(signal: AbortSignal): Listeners {
  const listeners = known.get(signal) ?? new Listeners(signal)
  known.set(signal, listeners)
  return listeners
}

/**
 * A list in which each knows its place, not a Set: one that changes all the time leaves its old tables behind, each linked
 * to the next, and once one of them is old the collector keeps whatever the later ones held.
 */
class Listeners {
  readonly #listeners: Listener[] = []
  readonly #tell = () => {
    for (const { act } of [...this.#listeners]) act()
  }

  constructor(private readonly signal: AbortSignal) {}

  add(act: () => void): () => void {
    if (this.#listeners.length === 0) this.signal.addEventListener('abort', this.#tell)
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
    if (this.#listeners.length === 0) this.signal.removeEventListener('abort', this.#tell)
  }
}

interface Listener {
  act: () => void
  /** in the list; -1 = not in it any more */
  place: number
}
