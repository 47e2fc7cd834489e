import { thirdOfDescriptors } from '../../../descriptors'
import type { Connection, ConnectionUser } from './connection'

/** A connection is not used for longer, so that a receiver whose name gets another address is followed. */
const AGE_MAX_MS = 30_000
const SWEEP_EVERY_MS = 1_000
/** So that many receivers that are sent to once leave descriptors and memory for the rest of the process. */
const IDLE_MAX = 1_000

/** Keeps idle connections, so that the next request to the same receiver finds one open. */
export class Connections implements ConnectionUser {
  /** by key; the key that was used last is at the end */
  readonly #idle = new Map<string, Connection[]>()
  #idleCount = 0
  #sweeper: NodeJS.Timeout | undefined
  #isClosed = false

  /** @param idleMax how many connections are kept at most: the one that has been idle the longest ends for a new one */
  constructor(
    private readonly idleMax = Math.max(1, Math.min(IDLE_MAX, Math.floor(thirdOfDescriptors() / 2))),
  ) {}

  /** An open connection that nobody else uses; undefined when there is none. The caller becomes its user. */
  take(key: string): Connection | undefined {
    const now = performance.now()
    const idle = this.#idle.get(key)
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
      this.#idleCount -= 1
      if (connection.isOpen && now < connection.keepUntil) return connection
      connection.destroy()
    }
    return undefined
  }

  /**
   * Keeps a connection whose request is over, or ends it.
   *
   * @param forMs how long it may be idle; 0 = the connection cannot be used again
   */
  keep(connection: Connection, forMs: number): void {
    const now = performance.now()
    connection.keepUntil = Math.min(now + forMs, connection.openedAt + AGE_MAX_MS)
    if (this.#isClosed || !connection.isOpen || connection.keepUntil <= now) {
      connection.destroy()
      return
    }
    connection.isKept = true
    connection.user = this
    // The end of a body may have come while the body was waited for.
    connection.resume()
    const idle = this.#idle.get(connection.key) ?? []
    idle.push(connection)
    this.#idle.delete(connection.key)
    this.#idle.set(connection.key, idle)
    this.#idleCount += 1
    if (this.#idleCount > this.idleMax) this.#endLongestIdle()
    this.#sweeper ??= setInterval(() => this.#sweep(performance.now()), SWEEP_EVERY_MS).unref()
  }

  /** Ends all idle connections; from now on none is kept. */
  close(): void {
    this.#isClosed = true
    this.#sweep(Number.POSITIVE_INFINITY)
  }

  /** Bytes that answer no request. The connection would mistake them for the answer to the next one. */
  onData(_bytes: Buffer, connection: Connection): void {
    this.onClose(null, connection)
  }

  onClose(_error: Error | null, connection: Connection): void {
    connection.destroy()
    const idle = this.#idle.get(connection.key)
    const place = idle?.indexOf(connection) ?? -1
    if (place === -1) return
    idle?.splice(place, 1)
    this.#idleCount -= 1
  }

  #endLongestIdle(): void {
    for (const [key, connections] of this.#idle) {
      const connection = connections.shift()
      if (connections.length === 0) this.#idle.delete(key)
      if (connection === undefined) continue
      this.#idleCount -= 1
      connection.destroy()
      return
    }
  }

  /** @param now connections that may not be used at this time end */
  #sweep(now: number): void {
    for (const [key, connections] of this.#idle) {
      const kept: Connection[] = []
      for (const connection of connections) {
        if (now < connection.keepUntil) kept.push(connection)
        else connection.destroy()
      }
      this.#idleCount -= connections.length - kept.length
      if (kept.length > 0) this.#idle.set(key, kept)
      else this.#idle.delete(key)
    }
    if (this.#idle.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
