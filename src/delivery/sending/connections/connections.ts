import type { Connection, ConnectionUser } from './connection'

/** A connection is not used for longer, so that a receiver whose name gets another address is followed. */
const AGE_MAX_MS = 30_000
const SWEEP_EVERY_MS = 1_000

/** Keeps idle connections, so that the next request to the same receiver finds one open. */
export class Connections implements ConnectionUser {
  readonly #idle = new Map<string, Connection[]>()
  #sweeper: NodeJS.Timeout | undefined
  #isClosed = false

  /** An open connection that nobody else uses; undefined when there is none. The caller becomes its user. */
  take(key: string): Connection | undefined {
    const now = performance.now()
    const idle = this.#idle.get(key)
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
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
    const idle = this.#idle.get(connection.key)
    if (idle === undefined) this.#idle.set(connection.key, [connection])
    else idle.push(connection)
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
    if (place !== -1) idle?.splice(place, 1)
  }

  /** @param now connections that may not be used at this time end */
  #sweep(now: number): void {
    for (const [key, connections] of this.#idle) {
      const kept: Connection[] = []
      for (const connection of connections) {
        if (now < connection.keepUntil) kept.push(connection)
        else connection.destroy()
      }
      if (kept.length > 0) this.#idle.set(key, kept)
      else this.#idle.delete(key)
    }
    if (this.#idle.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
