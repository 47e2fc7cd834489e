import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { UnansweredError } from '../unanswered'
import type { Route } from './address/routes'
import { cancelStatement } from './cancel-request'
import { ConnectionFault, explain } from './connection-fault'
import { clientOptions, type ServerAccess } from './server-access'
import { asStatement } from './session-settings'
import { isStatementError } from './statement-error'

/** How long a connection keeps its place in the pool after its client has given up: the server needs this to end the statement. */
const SETTLED_WITHIN_MS = 5_000
/** Of several hosts, one that does not even take the request to end a statement within this time is silent. */
const SILENT_AFTER_MS = 2_000

/** What @types/pg does not tell of a client. */
interface Internals {
  connection: {
    stream: { destroy(error?: Error): void }
    on(event: 'parameterStatus', listener: (status: ParameterStatus) => void): void
    once(event: 'readyForQuery' | 'end', listener: () => void): void
  }
  processID: number | null
  secretKey: number | null
  getTransactionStatus(): 'I' | 'T' | 'E' | null
}

interface ParameterStatus {
  parameterName: string
  parameterValue: string
}

type Callback = (error?: Error | null, result?: unknown) => void

/**
 * A connection with settings of our own, which tells apart what the server has refused and what it has not answered. While connecting
 * and afterwards, an error that nobody awaits does not end the process.
 */
export class ServerClient extends Client {
  readonly #access: ServerAccess
  readonly #route: Route
  /** what the server reports by itself, such as `in_hot_standby` */
  readonly #reported = new Map<string, string>()
  #settling: Promise<void> | undefined
  #isRetired = false
  readonly #createdAt = performance.now()
  #wasStuck = false

  constructor(access: ServerAccess, name = 'hookgate') {
    const route = access.routes.current()
    super(clientOptions(access, route, name))
    this.#access = access
    this.#route = route
    this.on('error', () => undefined)
    this.#internals.connection.on('parameterStatus', ({ parameterName, parameterValue }) =>
      this.#reported.set(parameterName, parameterValue),
    )
  }

  /** The process of the server, as a direct server reports the number. A pooler reports a number of its own. */
  get backend(): number | null {
    return this.#internals.processID
  }

  /** Whether this connection must not be used again: its server cannot be written to, has not answered, or has become silent. */
  get isRetired(): boolean {
    return this.#isRetired || this.#access.routes.isSilentSince(this.#route, this.#createdAt)
  }

  /** Whether no transaction is open. */
  get isIdle(): boolean {
    return this.#internals.getTransactionStatus() === 'I'
  }

  /** Until when the server may still run a statement that this process has given up; undefined = it is not. */
  get settling(): Promise<void> | undefined {
    return this.#settling
  }

  /** @throws ConnectionFault */
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override connect(callback?: any): any {
    const connecting = this.#connect()
    if (!callback) return connecting
    connecting.then(
      () => process.nextTick(callback, null, this),
      (error) => process.nextTick(callback, error),
    )
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override query(config: any, values?: any, callback?: any): any {
    if (typeof values === 'function') return this.query(config, undefined, values)
    if (this.#isRetired)
      return refuse(new Error('Client has encountered a connection error and is not queryable'), callback)
    const statement = this.#adapted(config)
    const classify = this.#classifierOf(typeof statement === 'string' ? statement : statement.text)
    if (!callback) {
      return (super.query(statement, values) as unknown as Promise<unknown>).catch((error) => {
        throw classify(error)
      })
    }
    const answered: Callback = (error, result) => callback(error ? classify(error) : error, result)
    return super.query(statement, values, answered as never)
  }

  /** Whether a statement was given up since the last call. */
  takeStuck(): boolean {
    const was = this.#wasStuck
    this.#wasStuck = false
    return was
  }

  /** Uses this connection for what is under way, and for nothing after it. */
  retire(): void {
    this.#isRetired = true
  }

  /** Closes the connection without waiting for the server. */
  destroy(): void {
    this.#internals.connection.stream.destroy()
  }

  get #internals(): Internals {
    return this as unknown as Internals
  }

  async #connect(): Promise<void> {
    const { routes, settings, settingsBy } = this.#access
    try {
      await (super.connect() as unknown as Promise<unknown>)
    } catch (error) {
      const { blame, words } = explain(error as Error, this.#route)
      const mayTryNext = routes.failed(this.#route, blame)
      throw new ConnectionFault(words, { cause: error, mayTryNext, isAway: blame === 'host' })
    }
    try {
      if (settingsBy === 'statement') await super.query(asStatement(settings, false))
      await this.#checkTarget()
      routes.worked(this.#route)
    } catch (error) {
      await this.end().catch(() => undefined)
      if (error instanceof ConnectionFault) throw error
      const { words } = explain(error as Error, this.#route)
      throw new ConnectionFault(words, { cause: error, mayTryNext: routes.failed(this.#route, 'host') })
    }
  }

  /** As libpq's target_session_attrs. PostgreSQL 14 and newer report both by themselves. */
  async #checkTarget(): Promise<void> {
    const { target } = this.#route
    if (target === 'any') return
    const [isStandby, isReadOnly] = await this.#state()
    const isWanted = {
      primary: !isStandby,
      standby: isStandby,
      'read-write': !isReadOnly,
      'read-only': isReadOnly,
    }[target]
    if (isWanted) return
    const { host, port } = this.#route
    throw new ConnectionFault(`${host}:${port} is not what target_session_attrs requires (${target})`, {
      mayTryNext: this.#access.routes.failed(this.#route, 'host'),
    })
  }

  async #state(): Promise<[isStandby: boolean, isReadOnly: boolean]> {
    const reported = this.#reported.get('in_hot_standby')
    if (reported !== undefined) {
      const isStandby = reported === 'on'
      return [isStandby, isStandby || this.#reported.get('default_transaction_read_only') === 'on']
    }
    const { rows } = await super.query(
      "SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS readonly",
    )
    return [rows[0].standby, rows[0].readonly]
  }

  /** Behind a pooler that gives each transaction another connection: no statement has a name, and each BEGIN brings the settings. */
  // biome-ignore lint/suspicious/noExplicitAny: a text or an object with one
  #adapted(config: any): any {
    if (this.#access.settingsBy !== 'transaction') return config
    const text: string = typeof config === 'string' ? config : config.text
    if (!/^BEGIN\b/i.test(text)) return typeof config === 'string' ? text : { ...config, name: undefined }
    const rest = text.replace(/^BEGIN\b/i, '')
    return `BEGIN ISOLATION LEVEL READ COMMITTED NOT DEFERRABLE; ${asStatement(this.#access.settings, true)}${rest}`
  }

  /** Classifies errors of the statement that is about to be sent. */
  #classifierOf(text: string): (error: Error) => Error {
    const isInTransaction = this.#internals.getTransactionStatus() !== 'I'
    return (error) => {
      this.#wasStuck ||= isGivenUp(error)
      if (isStatementError(error)) {
        // The server has become a standby: the next connection goes to the one that took over.
        if (error.code === '25006') this.retire()
        return error
      }
      if (NOT_SENT.has(error.message)) return error
      if (error.message === UNANSWERED) this.#giveUp()
      // What belongs to a transaction is rolled back with its connection. Only a commit can have happened.
      if (isInTransaction ? !/^COMMIT\b/i.test(text) : /^BEGIN\b/i.test(text)) return error
      return new UnansweredError(error.message, { cause: error })
    }
  }

  /**
   * Asks the server to end the statement, and keeps the connection until it has: a statement continues on the server when its
   * connection is closed here. A commit that waits for a standby knows no other limit.
   */
  #giveUp(): void {
    if (this.#settling) return
    this.retire()
    const { connection, processID, secretKey } = this.#internals
    const answered = new Promise<void>((resolve) => {
      connection.once('readyForQuery', resolve)
      connection.once('end', resolve)
    })
    const endings = [answered, sleep(SETTLED_WITHIN_MS, undefined, { ref: false })]
    if (processID !== null && secretKey !== null) endings.push(this.#cancel({ processID, secretKey }))
    this.#settling = Promise.race(endings)
  }

  /** Resolves when the server is silent and another host is left: then this connection needs no place any more. */
  async #cancel(backend: { processID: number; secretKey: number }): Promise<void> {
    const { routes } = this.#access
    const hasOthers = routes.hasOthers(this.#route)
    const withinMs = hasOthers ? SILENT_AFTER_MS : SETTLED_WITHIN_MS
    const isTaken = await cancelStatement(this.#route, backend, withinMs)
    if (isTaken || !hasOthers) return new Promise(() => undefined)
    routes.silent(this.#route)
    this.destroy()
  }
}

/** Whether a statement took too long, for the server or for this process. */
export function isGivenUp(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: string; message?: string }
  return code === '55P03' || code === '57014' || message === UNANSWERED
}

/** What pg says when its own limit is over. */
const UNANSWERED = 'Query read timeout'

/** Errors of pg before a statement is sent. */
const NOT_SENT = new Set([
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
])

function refuse(error: Error, callback: Callback | undefined): Promise<never> | undefined {
  if (!callback) return Promise.reject(error)
  process.nextTick(callback, error)
  return undefined
}
