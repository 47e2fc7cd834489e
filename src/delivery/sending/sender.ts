import type { Socket } from 'node:net'
import { buildConnector, Client } from 'undici'
import { type AddressGuardOptions, addressGuard } from './address-guard'
import { type Connection, Connections } from './connections'
import { WithdrawnError } from './error-class'
import { type Departure, exchange, notSent, type SendRequest, type SendResult, STOPPED } from './exchange'
import { stopOf } from './stop-signal'

export type { AttemptError } from './error-class'
export type { Departure, SendRequest, SendResult } from './exchange'

export interface SenderOptions extends AddressGuardOptions {
  /** one deadline for lookup, connection, TLS, request and response */
  timeoutMs: number
  /** default: true. What a target says is judged when it is saved; the operator may have changed his mind since. */
  allowHttp?: boolean
  userAgent: string
  /**
   * sends under way to one origin (scheme, host, port) at a time, those with and those without verification counted
   * apart; the others wait for their turn
   */
  connectionsPerOrigin: number
  /** PEM certificates to trust instead of those that Node trusts */
  trustedCertificates?: string[]
}

export interface Sender {
  /**
   * Sends one POST. Rejects for nothing that the network or the receiver does. Waiting for a turn at an origin is not
   * part of the deadline, for it is not the receiver's fault; `signal` ends it.
   *
   * Nothing is ever sent twice, redirects are not followed, and each address was judged before its connection. What
   * the request's departure refuses is ABORTED.
   *
   * @throws TypeError when the target is not an absolute http or https URL
   */
  send(request: SendRequest): Promise<SendResult>
  /** Ends all connections; what is still under way is ABORTED, like every send from then on. */
  close(): Promise<void>
}

export function createSender(options: SenderOptions): Sender {
  const { timeoutMs, userAgent, allowHttp = true } = options
  const closing = new AbortController()
  const [verified, unverified] = connections(options)

  return {
    async send(request) {
      const { target, departure, signal, verifyTls } = request
      const origin = originOf(target)
      if (!allowHttp && origin.startsWith('http:'))
        return notSent('BLOCKED_ADDRESS', 'plain http is not allowed')
      const stop = stopOf(signal === undefined ? [closing.signal] : [closing.signal, signal])
      const onLeaving = () => departure?.onLeaving()
      const available = verifyTls ? verified : unverified
      const outcome = await available.use(origin, { stop, departure }, (client) =>
        exchange(client, request, { timeoutMs, userAgent, stop, onLeaving }),
      )
      return outcome ?? notSent('ABORTED', STOPPED)
    },

    async close() {
      closing.abort()
      await Promise.all([verified.close(), unverified.close()])
    },
  }
}

function originOf(target: string): string {
  const { origin, protocol } = new URL(target)
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new TypeError('A target must be an http or https URL')
  return origin
}

/** Verified and unverified ones apart: no connection made without verification may serve who asks for it. */
function connections(options: SenderOptions): [Connections, Connections] {
  const guard = addressGuard(options)
  const { timeoutMs, connectionsPerOrigin, trustedCertificates } = options
  const make = (rejectUnauthorized: boolean) => {
    const connect = guard((lookup) =>
      buildConnector({
        lookup,
        rejectUnauthorized,
        ca: trustedCertificates,
        // The exchange's deadline counts here too: it ends the connection.
        timeout: 0,
        autoSelectFamily: true,
        // Node's 250 ms for each address but the last are too few for a receiver on the other side of the world.
        autoSelectFamilyAttemptTimeout: Math.min(1_000, Math.ceil(timeoutMs / 4)),
      }),
    )
    return new Connections(connectionsPerOrigin, (origin) => openConnection(origin, connect))
  }
  return [make(true), make(false)]
}

function openConnection(origin: string, connect: buildConnector.connector): Connection {
  let socket: Socket | undefined
  const client = new Client(origin, {
    ...KEEP_ALIVE,
    ...NO_TIMEOUTS,
    connect(target, callback) {
      // undici's connectors return their socket, though their type does not say so. A destroyed client lets a socket
      // that is connecting go on, and the socket's own `signal` option leaks a listener for each socket.
      socket = connect(target, heldBack(connection.departure, callback)) as unknown as Socket | undefined
    },
  })
  const connection: Connection = {
    client,

    async end() {
      const ended = client.destroy()
      socket?.destroy()
      await ended
    },
  }
  return connection
}

/** Hands a new connection over only when its request may leave: it is written in the same moment. */
function heldBack(
  departure: Departure | undefined,
  callback: buildConnector.Callback,
): buildConnector.Callback {
  if (departure === undefined) return callback
  departure.onWaiting()
  return async (...result) => {
    const [error, socket] = result
    if (error !== null) return callback(...result)
    const mayLeave = await departure.mayLeave()
    if (mayLeave && !socket.destroyed) return callback(null, socket)
    socket.destroy()
    callback(
      mayLeave ? new Error('The connection was closed as soon as it was open') : new WithdrawnError(),
      null,
    )
  }
}

/**
 * How long an idle connection is kept: 4 s, or what the receiver's Keep-Alive header says less 2 s, 30 s at most. A
 * receiver that closes a connection just as the next request goes out costs a try, since the request may have arrived
 * and a POST is not for the sender to repeat; most servers wait 5 s or longer.
 */
const KEEP_ALIVE = { keepAliveTimeout: 4_000, keepAliveTimeoutThreshold: 2_000, keepAliveMaxTimeout: 30_000 }

/** The deadline is the exchange's; undici's own would start anew with every byte. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 }
