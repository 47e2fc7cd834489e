import { Pool, type PoolClient, type QueryResult } from 'pg'
import { byAnyRoute, type ServerAccess, ServerClient } from './server-client'
import { ANSWER_WITHIN_MS } from './session-settings'

/** What @types/pg does not tell of a pool. */
interface Internals {
  _isFull(): boolean
  _pulseQueue(): void
  _remove(client: ServerClient, callback?: () => void): void
  _release(client: ServerClient, idleListener: () => void, error?: unknown): void
}

const OpenPool = Pool as unknown as new (options: object) => Pool & Internals

type Connected = (error: Error | undefined, client?: PoolClient, release?: unknown) => void

/**
 * Connections to a server, never more than `max`: one that ends keeps its place until the server has let it go, and one whose
 * statement was given up until the server has ended the statement.
 */
export class ServerPool extends OpenPool {
  readonly #access: ServerAccess
  /** connections that are being closed */
  readonly #closing = new Set<ServerClient>()

  constructor(access: ServerAccess, max: number) {
    const Client = class extends ServerClient {
      constructor() {
        super(access)
      }
    }
    // The client limits connecting. This limit is for waiting until a connection is free, too.
    super({ Client, max, connectionTimeoutMillis: ANSWER_WITHIN_MS })
    this.#access = access
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override connect(callback?: any): any {
    const { routes } = this.#access
    if (routes.count === 1) return super.connect(callback)
    const connecting = byAnyRoute(routes, () => super.connect() as Promise<PoolClient>)
    if (!callback) return connecting
    connecting.then(
      (client) => (callback as Connected)(undefined, client, client.release),
      (error) => (callback as Connected)(error),
    )
  }

  override _isFull(): boolean {
    return this.totalCount + this.#closing.size >= (this.options.max ?? 0)
  }

  override _release(client: ServerClient, idleListener: () => void, error?: unknown): void {
    // The server has refused a statement outside of a transaction, which is no reason to connect anew.
    const { severity } = (error ?? {}) as { severity?: string }
    const isRefusal = severity === 'ERROR' && client.isIdle
    super._release(client, idleListener, client.isRetired || (isRefusal ? undefined : error))
  }

  override _remove(client: ServerClient, callback?: () => void): void {
    const remove = () => {
      this.#closing.add(client)
      super._remove(client, () => {
        this.#closing.delete(client)
        callback?.()
        this._pulseQueue()
      })
    }
    if (client.settling) void client.settling.then(remove)
    else remove()
  }
}

/** Connections behind a pooler in transaction mode: each statement is a transaction, which brings its settings. */
export class TransactionPool extends ServerPool {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override query(statement: any, values?: any): any {
    return this.#query(statement, values)
  }

  async #query(statement: string, values?: unknown[]): Promise<QueryResult> {
    const client: PoolClient = await this.connect()
    let fault: Error | undefined
    try {
      await client.query('BEGIN')
      const result = await client.query(statement, values)
      await client.query('COMMIT')
      return result
    } catch (error) {
      fault = error as Error
      const { severity } = fault as { severity?: string }
      if (severity === 'ERROR') await client.query('ROLLBACK').catch((failed) => {
        fault = failed
      })
      throw error
    } finally {
      client.release(fault)
    }
  }
}
