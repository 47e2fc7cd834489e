/** A worker that has announced nothing for this long counts as dead. */
const ALIVE_MS = 12_000

/**
 * The workers of all processes on one database, as they announce themselves: each when it starts to listen, and every few
 * seconds. No worker assigns work to another one. Instead each calculates for itself which workers a notification is for, and
 * all calculate the same.
 *
 * Where two of them know different peers for a moment, a notification wakes one worker too many, or none. Then the worker
 * that comes next looks, see WorkerNotifications.
 */
export class Peers {
  /** when each other worker last announced itself */
  readonly #announcedAt = new Map<string, number>()

  /**
   * @param own id of the worker of this process
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    readonly own: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many other workers are alive. */
  get count(): number {
    return this.#alive().length
  }

  /** @returns true when the worker was unknown */
  add(id: string): boolean {
    if (id === this.own) return false
    const isNew = !this.#announcedAt.has(id)
    this.#announcedAt.set(id, this.now())
    return isNew
  }

  remove(id: string): void {
    this.#announcedAt.delete(id)
  }

  /**
   * The place of the own worker among all live workers, in an order that is another one for each seed: 0 = the first.
   *
   * @param without id of a worker that does not count
   */
  rank(seed: string, without?: string): number {
    const own = weight(seed, this.own)
    return this.#alive().filter((id) => {
      const other = weight(seed, id)
      return id !== without && (other > own || (other === own && id > this.own))
    }).length
  }

  #alive(): string[] {
    const since = this.now() - ALIVE_MS
    for (const [id, at] of this.#announcedAt) if (at < since) this.#announcedAt.delete(id)
    return [...this.#announcedAt.keys()]
  }
}

/** A number of 32 bits that depends on every character: FNV-1a, mixed as by MurmurHash3, because ids differ in few bits. */
function weight(seed: string, id: string): number {
  let hash = 0x811c9dc5
  for (const character of `${seed} ${id}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
