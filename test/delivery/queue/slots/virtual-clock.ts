/** A clock that jumps from one planned event to the next. */
export class VirtualClock {
  now = 0
  readonly #events: { at: number; nth: number; run: () => void }[] = []
  #planned = 0

  at(time: number, run: () => void): void {
    this.#push({ at: Math.max(time, this.now), nth: this.#planned, run })
    this.#planned += 1
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run)
  }

  /** Runs what is planned until a time, or until `isDone`. */
  run(untilMs: number, isDone = () => false): void {
    for (let next = this.#events[0]; next && next.at <= untilMs && !isDone(); next = this.#events[0]) {
      this.#pop()
      this.now = next.at
      next.run()
    }
  }

  #push(event: { at: number; nth: number; run: () => void }): void {
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[at] = heap[parent] as typeof event
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#events
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1
      if (child >= heap.length || !isBefore(heap[child], last)) break
      heap[at] = heap[child] as typeof last
      at = child
    }
    heap[at] = last
  }
}

type Planned = { at: number; nth: number } | undefined

const isBefore = (a: Planned, b: Planned) =>
  a !== undefined && b !== undefined && (a.at - b.at || a.nth - b.nth) < 0

/** Numbers from 0 to 1, the same each time for the same seed (a linear congruential generator). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
