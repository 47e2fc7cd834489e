/**
 * Keeps at least the `most` values that were used last, and at most twice as many; and all that must be kept. A look-up costs
 * little more than one in a Map.
 */
export class RecentValues<Key, Value> {
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  /** @param mustKeep says of a value that has not been used for long whether it must stay */
  constructor(
    private readonly most: number,
    private readonly mustKeep: (value: Value) => boolean,
  ) {}

  /** The value of a key; made by `make` when it is not kept. */
  get(key: Key, make: (key: Key) => Value): Value {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const value = this.#old.get(key) ?? make(key)
    this.#old.delete(key)
    this.#young.set(key, value)
    if (this.#young.size >= this.most) this.#forget()
    return value
  }

  #forget(): void {
    const forgotten = this.#old
    this.#old = this.#young
    this.#young = new Map()
    for (const [key, value] of forgotten) if (this.mustKeep(value)) this.#young.set(key, value)
  }
}
