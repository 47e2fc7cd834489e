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
      for (const signal of signals) listenersOf(signal).add(listener)
      return () => {
        for (const signal of signals) listenersOf(signal).delete(listener)
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

class Listeners {
  readonly #listeners = new Set<() => void>()
  readonly #tell = () => {
    for (const listener of [...this.#listeners]) listener()
  }

  constructor(private readonly signal: AbortSignal) {}

  add(listener: () => void): void {
    if (this.#listeners.size === 0) this.signal.addEventListener('abort', this.#tell)
    this.#listeners.add(listener)
  }

  delete(listener: () => void): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.signal.removeEventListener('abort', this.#tell)
  }
}
