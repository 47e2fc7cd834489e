import { Pool, type PoolClient, type QueryResult } from 'pg'
import { byAnyRoute } from './connect-client'
import type { ServerAccess } from './server-access'
import { isGivenUp, ServerClient } from './server-client'
import { ANSWER_WITHIN_MS } from './session-settings'
import { isStatementError } from './statement-error'
import { type EndTurn, Turns } from './turns'

/** What @types/pg does not tell of a pool. */
interface Internals {
  _isFull(): boolean
  _pulseQueue(): void
  _remove(client: ServerClient, callback?: () => void): void
  _release(client: ServerClient, idleListener: () => void, error?: unknown): void
}

const OpenPool = Pool as unknown as new (options: object) => Pool & Internals

/** A connection that the server has not closed by then is closed here. */
const CLOSED_WITHIN_MS = 2_000

/** All transactions whose kind nobody tells. */
const TRANSACTION = 'transaction'

/**
 * Connections to a server, never more than `max`: one that ends keeps its place until the server has let it go, and one whose
 * statement was given up until the server has ended the statement. Kinds of statements take turns, see Turns.
 */
export class ServerPool extends OpenPool {
  readonly #access: ServerAccess
  /** connections that are being closed */
  readonly #closing = new Set<ServerClient>()
  readonly #turns: Turns
  /** the turns of transactions, until their connections are released */
  readonly #transactions = new WeakMap<object, EndTurn>()

  constructor(access: ServerAccess, max: number) {
    const Client = class extends ServerClient {
      constructor() {
        super(access)
      }
    }
    // The client limits connecting. This limit is for waiting until a connection is free, too.
    super({ Client, max, connectionTimeoutMillis: ANSWER_WITHIN_MS })
    this.#access = access
    this.#turns = new Turns(max)
  }

  /** Connects for a transaction, without a callback alone. */
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override connect(): any {
    return this.connectFor(TRANSACTION)
  }

  /** @param kind of the transaction: transactions of one kind wait for the same locks */
  async connectFor(kind: string): Promise<PoolClient> {
    const end = this.#turns.take(kind) ?? (await this.#turns.wait(kind))
    try {
      const client = await this.#connect()
      this.#transactions.set(client, end)
      return client
    } catch (error) {
      end(false)
      throw error
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override query(statement: any, values?: any): any {
    const kind = kindOf(statement)
    const end = this.#turns.take(kind)
    if (end) return this.#query(end, statement, values)
    return this.#turns.wait(kind).then((turn) => this.#query(turn, statement, values))
  }

  override _isFull(): boolean {
    return this.totalCount + this.#closing.size >= (this.options.max ?? 0)
  }

  override _release(client: ServerClient, idleListener: () => void, error?: unknown): void {
    // Taken in any case: the next transaction on this connection must not be taken for stuck.
    const isStuck = client.takeStuck()
    this.#transactions.get(client)?.(isStuck)
    this.#transactions.delete(client)
    // The server has refused a statement outside of a transaction, which is no reason to connect again.
    const isSqlError = isStatementError(error) && client.isIdle
    super._release(client, idleListener, client.isRetired || (isSqlError ? undefined : error))
  }

  override _remove(client: ServerClient, callback?: () => void): void {
    const remove = () => {
      this.#closing.add(client)
      // A server that is silent does not close its end.
      const late = setTimeout(() => client.destroy(), CLOSED_WITHIN_MS)
      super._remove(client, () => {
        clearTimeout(late)
        this.#closing.delete(client)
        callback?.()
        this._pulseQueue()
      })
    }
    if (client.settling) void client.settling.then(remove)
    else remove()
  }

  async #connect(): Promise<PoolClient> {
    if (this.#access.routes.count === 1) return super.connect()
    for (;;) {
      const client = await byAnyRoute(this.#access.routes, () => super.connect() as Promise<PoolClient>)
      // An idle connection to a host that has become silent since.
      if (!(client as PoolClient & ServerClient).isRetired) return client
      client.release(true)
    }
  }

  /** pg's own `query` would tell of a broken connection before the client has classified the error. */
  async #query(end: EndTurn, statement: string, values?: unknown[]): Promise<QueryResult> {
    let client: PoolClient | undefined
    let fault: Error | undefined
    try {
      client = await this.#connect()
      return await client.query(statement, values)
    } catch (error) {
      fault = error as Error
      throw error
    } finally {
      client?.release(fault)
      end(isGivenUp(fault))
    }
  }
}

const kindOf = (statement: string | { name?: string; text: string }): string =>
  typeof statement === 'string' ? statement : (statement.name ?? statement.text)

/** Connections behind a pooler in transaction mode: each statement is a transaction, which brings its settings. */
export class TransactionPool extends ServerPool {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override query(statement: any, values?: any): any {
    return this.#queryInTransaction(statement, values)
  }

  async #queryInTransaction(statement: string, values?: unknown[]): Promise<QueryResult> {
    const client: PoolClient = await this.connectFor(kindOf(statement))
    let fault: Error | undefined
    try {
      await client.query('BEGIN')
      const result = await client.query(statement, values)
      await client.query('COMMIT')
      return result
    } catch (error) {
      fault = error as Error
      if (isStatementError(error)) {
        await client.query('ROLLBACK').catch((failed) => {
          fault = failed
        })
      }
      throw error
    } finally {
      client.release(fault)
    }
  }
}
