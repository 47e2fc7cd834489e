import { setTimeout as sleep } from 'node:timers/promises'
import type { Notification } from 'pg'
import type { Logger } from 'pino'
import { connectClient } from '../connect-client'
import type { ServerAccess } from '../server-access'
import type { ServerClient } from '../server-client'
import { notifyStatement } from './due-notifier'
import { type DueMessage, parseMessage, type WorkerMessage } from './messages'
import type { Peers } from './peers'

/**
 * A worker announces itself this often, on the connection on which it listens. So a connection that is silent is noticed:
 * a router may have dropped it without a word.
 */
const ANNOUNCE_MS = 5_000
const ANSWER_WITHIN_MS = 5_000
/** A new worker is answered by an announcement, but not more often than this: hundreds may start at once. */
const ANSWER_EVERY_MS = 1_000
const CLOSED_WITHIN_MS = 1_000
/** Pauses before connecting again, longer each time. */
const RECONNECT_MS = [250, 500, 1_000, 2_000, 5_000]

export interface ListenerOptions {
  access: ServerAccess
  peers: Peers
  /** undefined = for every worker. Also called whenever a connection starts to listen: earlier notifications are lost. */
  onDue: (message: DueMessage | undefined) => void
  log: Logger
}

/** Listens until it is closed: a connection that breaks or is silent is replaced. */
export class Listener {
  readonly #closing = new AbortController()
  readonly #listening: Promise<void>
  #announcedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: ListenerOptions) {
    this.#listening = this.#listen()
  }

  /** Announces that this worker is gone. */
  async close(): Promise<void> {
    this.#closing.abort()
    // A server that is silent must not hold up the stop.
    await Promise.race([this.#listening, sleep(CLOSED_WITHIN_MS, undefined, { ref: false })])
  }

  async #listen(): Promise<void> {
    const { log } = this.options
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      const failed = await this.#listenOnce(() => {
        if (failures > 0) log.info('notifications are received again')
        failures = 0
      })
      if (signal.aborted) return
      if (failures === 0) {
        log.warn(
          { err: failed },
          'notifications are not received: workers look for due deliveries every second',
        )
      }
      const pause = RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)]
      failures += 1
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Listens on one connection until it ends. @returns why it ended */
  async #listenOnce(onListening: () => void): Promise<unknown> {
    const { access, onDue } = this.options
    const { signal } = this.#closing
    let client: ServerClient | undefined
    try {
      client = await connectClient(access, 'hookgate notifications')
      const broken = new AbortController()
      client.on('error', (error) => broken.abort(error))
      client.on('end', () => broken.abort(new Error('The connection has ended')))
      const listening = client
      client.on('notification', (notification) => this.#receive(notification, listening))
      const { rows } = await client.query('SELECT workers_channel() AS channel')
      await client.query(`LISTEN ${rows[0].channel}`)
      await this.#announce(client, 'here')
      onListening()
      onDue(undefined)
      return await this.#beat(client, broken.signal)
    } catch (error) {
      return error
    } finally {
      if (client) await this.#end(client, signal)
    }
  }

  #receive({ payload = '' }: Notification, client: ServerClient): void {
    const { peers, onDue } = this.options
    const message = parseMessage(payload)
    if (message === undefined || !('id' in message)) {
      onDue(message)
    } else if (message.kind === 'gone') {
      peers.remove(message.id)
    } else if (peers.add(message.id) && performance.now() - this.#announcedAt > ANSWER_EVERY_MS) {
      // The new worker does not know this one. When this fails, so does the next announcement, which ends the connection.
      this.#announce(client, 'here').catch(() => undefined)
    }
  }

  async #announce(client: ServerClient, kind: WorkerMessage['kind']): Promise<void> {
    this.#announcedAt = performance.now()
    const message = { kind, id: this.options.peers.own }
    await client.query({ ...notifyStatement(message), query_timeout: ANSWER_WITHIN_MS })
  }

  /**
   * Announces this worker from time to time. Nothing waits on a promise that lives as long as the connection: each wait would
   * leave a reaction behind.
   *
   * @returns why the connection ended; undefined = it is to be closed
   * @throws Error when the server does not answer
   */
  async #beat(client: ServerClient, broken: AbortSignal): Promise<unknown> {
    const { signal: closing } = this.#closing
    const signal = AbortSignal.any([closing, broken])
    while (!signal.aborted) {
      await sleep(ANNOUNCE_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) break
      // pg rejects the query when the connection ends.
      await this.#announce(client, 'here')
    }
    return closing.aborted ? undefined : broken.reason
  }

  /** A connection that is silent is not waited for. */
  async #end(client: ServerClient, closing: AbortSignal): Promise<void> {
    const ending = async () => {
      if (closing.aborted) await this.#announce(client, 'gone')
      await client.end()
    }
    const ended = ending().catch(() => client.destroy())
    if (!closing.aborted) return
    await Promise.race([ended, sleep(CLOSED_WITHIN_MS, undefined, { ref: false })])
  }
}
