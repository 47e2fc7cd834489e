import type { Client } from 'undici'
import type { WritePermit } from './send-request'

/** A connection to one origin, for one request at a time. It is opened with its first request. */
export interface Connection {
  client: Client
  /** of the request that the connection serves now */
  permit?: WritePermit | undefined
  /** Ends the connection in any state: connecting, sending or receiving. */
  end(): Promise<void>
}

/** The connections to one origin. */
interface Pool {
  /** all of them, in use or idle */
  open: Set<Connection>
  idle: Connection[]
}

/** Sends one request; `isReusable` = the connection can serve another one. */
type Work<T> = (client: Client) => Promise<{ result: T; isReusable: boolean }>

/**
 * Keeps connections by origin (scheme, host and port), so that the next request to an origin finds one open.
 *
 * Each connection is an undici Client of its own instead of a member of an undici Pool. A send that is given up ends its
 * connection, also while it is being opened; a Pool would open another one for the same request.
 */
export class Connections {
  readonly #pools = new Map<string, Pool>()

  /** @param open returns a new connection to an origin */
  constructor(private readonly open: (origin: string) => Connection) {}

  /** Calls `work` with a connection that nobody else uses meanwhile, before this function returns. */
  async use<T>(origin: string, permit: WritePermit | undefined, work: Work<T>): Promise<T> {
    const pool = this.#poolOf(origin)
    const connection = pool.idle.pop() ?? this.#open(origin, pool)
    connection.permit = permit
    let isReusable = false
    try {
      const end = await work(connection.client)
      isReusable = end.isReusable
      return end.result
    } finally {
      connection.permit = undefined
      // A receiver that accepts no further request has closed the connection by now.
      if (isReusable && connection.client.stats.connected) pool.idle.push(connection)
      else this.#end(origin, pool, connection)
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.flatMap(({ open }) => [...open].map((connection) => connection.end())))
  }

  #poolOf(origin: string): Pool {
    const pool = this.#pools.get(origin) ?? { open: new Set(), idle: [] }
    this.#pools.set(origin, pool)
    return pool
  }

  #open(origin: string, pool: Pool): Connection {
    const connection = this.open(origin)
    pool.open.add(connection)
    connection.client.on('disconnect', () => {
      const index = pool.idle.indexOf(connection)
      if (index === -1) return
      pool.idle.splice(index, 1)
      this.#end(origin, pool, connection)
    })
    return connection
  }

  #end(origin: string, pool: Pool, connection: Connection): void {
    pool.open.delete(connection)
    if (pool.open.size === 0 && this.#pools.get(origin) === pool) this.#pools.delete(origin)
    void connection.end()
  }
}
