import type { LookupAddress } from 'node:dns'
import {
  connect as connectTcp,
  isIP,
  type LookupFunction,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net'
import { checkServerIdentity, connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import type { Destination } from '../destination'
import { CertificateError } from './certificate-error'

/** Who uses a connection at the moment. */
export interface ConnectionUser {
  /** The socket is connected, and the TLS handshake starts. */
  onHandshake?(): void
  /** A request may be written. */
  onOpen?(): void
  /** @param bytes valid during the call only: the next read overwrites them */
  onData(bytes: Buffer, connection: Connection): void
  /**
   * The connection has ended. Called once.
   *
   * @param error null = the receiver has closed it in the proper way
   */
  onClose(error: Error | null, connection: Connection): void
}

export interface ConnectOptions {
  /** of the destination, all of them checked; at least one */
  addresses: LookupAddress[]
  verifyTls: boolean
  secureContext: SecureContext
  /** how long each of several addresses but the last may take to connect */
  attemptTimeoutMs: number
}

/**
 * All connections read into this buffer: a buffer of their own for each read costs a send 3 µs, and one for each connection
 * memory while the connection is idle. Node reads one socket at a time, and its user gets the bytes before the next read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

const NOTHING = Buffer.alloc(0)

/** One connection to a receiver, for one request at a time. */
export class Connection {
  /** Requests with the same key may use the same connection: the origin, and whether its certificate was verified. */
  readonly key: string
  readonly openedAt = performance.now()
  /** it has served a request before */
  isKept = false
  /** until when it may be used again, on the clock of `performance` */
  keepUntil = 0
  isOpen = false
  #isClosed = false
  /** what the receiver sent before the first request was written; undefined = the request was */
  #early: Buffer | undefined = NOTHING
  readonly #socket: Socket

  constructor(
    private readonly destination: Destination,
    private readonly options: ConnectOptions,
    public user: ConnectionUser,
  ) {
    this.key = connectionKey(destination, options.verifyTls)
    const onread: OnReadOpts = {
      buffer: READ_BUFFER,
      callback: (length) => this.#onRead(READ_BUFFER.subarray(0, length)),
    }
    const tcp = { ...tcpOptions(destination, options), onread }
    if (destination.isTls) {
      const socket = connectTls({ ...tcp, ...tlsOptions(destination, options) })
      socket.once('connect', () => this.user.onHandshake?.())
      socket.once('secureConnect', () => this.#onSecure(socket))
      this.#socket = socket
    } else {
      this.#socket = connectTcp(tcp).once('connect', () => this.#open())
    }
    this.#socket.on('error', (error) => this.#close(error))
    this.#socket.on('end', () => this.#close(null))
    this.#socket.on('close', () => this.#close(null))
  }

  /** The receiver's address, once the connection is open. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  /** Whether all that was written has been handed to the operating system. */
  get isWritten(): boolean {
    return this.#socket.writableLength === 0
  }

  /** @param body text is written together with the head, in one piece */
  write(head: string, body: Buffer | string): void {
    if (typeof body === 'string') this.#socket.write(head + body)
    else {
      this.#socket.cork()
      this.#socket.write(head)
      this.#socket.write(body)
      this.#socket.uncork()
    }
    if (this.#early !== undefined) this.#readEarly(this.#early)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends the connection in any state. Its user is not called any more. */
  destroy(): void {
    this.#isClosed = true
    this.isOpen = false
    this.#socket.destroy()
  }

  /** @returns false = read no more for now */
  #onRead(bytes: Buffer): boolean {
    if (this.#isClosed) return false
    if (this.#early === undefined) this.user.onData(bytes, this)
    else this.#early = Buffer.from(bytes)
    return this.#early === undefined
  }

  /** Bytes that came before the first request count as the beginning of its answer. */
  #readEarly(early: Buffer): void {
    this.#early = undefined
    if (early.length === 0) return
    this.resume()
    process.nextTick(() => this.#onRead(early))
  }

  #open(): void {
    if (this.#isClosed) return
    this.isOpen = true
    this.user.onOpen?.()
  }

  /** Node has verified the certificate, but lets the socket live: only a live socket can tell what its certificate is. */
  #onSecure(socket: TLSSocket): void {
    const { verifyTls } = this.options
    if (verifyTls && !socket.authorized) {
      const code = String(socket.authorizationError ?? 'UNKNOWN')
      const { name } = this.destination
      this.#close(new CertificateError(code, socket.getPeerCertificate(), name))
    } else this.#open()
  }

  #close(error: Error | null): void {
    if (this.#isClosed) return
    this.destroy()
    this.user.onClose(error, this)
  }
}

/** No request that requires a verified receiver uses a connection that was opened without verification. */
export const connectionKey = ({ origin }: Destination, verifyTls: boolean): string =>
  verifyTls ? origin : `${origin} unverified`

/** Connects to the given addresses and to no other ones. */
function tcpOptions(
  { name, port }: Destination,
  { addresses, attemptTimeoutMs }: ConnectOptions,
): TcpNetConnectOpts {
  const [first] = addresses
  if (first === undefined) throw new Error('A connection needs an address')
  if (addresses.length === 1) return { host: first.address, port, noDelay: true }
  const lookup = ((_name, _options, callback) => {
    process.nextTick(callback, null, addresses)
  }) as LookupFunction
  return {
    host: name,
    port,
    noDelay: true,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs,
  }
}

function tlsOptions({ name }: Destination, { secureContext }: ConnectOptions) {
  return {
    secureContext,
    ALPNProtocols: ['http/1.1'],
    // RFC 6066, 3: a name without a dot at its end, and no address.
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(name, certificate),
    // #onSecure refuses what is not verified.
    rejectUnauthorized: false,
  }
}
