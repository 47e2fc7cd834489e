/** What may stop a send: any one of several abort signals. */
export interface Stop {
  readonly isStopped: boolean
  /** @returns a function that removes the listener */
  onStop(listener: () => void): () => void
}

/**
 * Listens to abort signals that hundreds of sends share. Each signal gets one listener for all sends, because removing a
 * listener from a signal takes longer the more listeners the signal has.
 */
export function stopOf(signals: readonly AbortSignal[]): Stop {
  return {
    get isStopped() {
      return signals.some(({ aborted }) => aborted)
    },
    onStop(listener) {
      const removals = signals.map((signal) => listenersOf(signal).add(listener))
      return () => {
        for (const remove of removals) remove()
      }
    },
  }
}

const listenersBySignal = new WeakMap<AbortSignal, Listeners>()

function listenersOf(signal: AbortSignal): Listeners {
  const listeners = listenersBySignal.get(signal) ?? new Listeners(signal)
  listenersBySignal.set(signal, listeners)
  return listeners
}

/**
 * The listeners of one signal, in a list in which each entry knows its place.
 *
 * Not a Set, because V8 replaces the table of a Set from time to time as entries come and go, and each old table refers to the
 * next. Once the garbage collector has moved an old table to the old generation, the later tables and their entries stay in
 * memory, and with them sends that ended long ago.
 */
class Listeners {
  readonly #listeners: Listener[] = []
  readonly #callAll = () => {
    for (const { act } of [...this.#listeners]) act()
  }

  constructor(private readonly signal: AbortSignal) {}

  add(act: () => void): () => void {
    if (this.#listeners.length === 0) this.signal.addEventListener('abort', this.#callAll)
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
    if (this.#listeners.length === 0) this.signal.removeEventListener('abort', this.#callAll)
  }
}

interface Listener {
  act: () => void
  /** index in the list; -1 = removed */
  place: number
}
