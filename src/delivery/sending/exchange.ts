import type { LookupAddress } from 'node:dns'
import type { SecureContext } from 'node:tls'
import type { AttemptError } from '../../generated/prisma/enums'
import { type AnswerHead, headerOf } from './answers/answer-head'
import { type AnswerEvents, AnswerReader } from './answers/answer-reader'
import { ResponseBody } from './answers/response-body'
import { statusError } from './answers/response-status'
import { Connection, type ConnectionUser, connectionKey } from './connections/connection'
import type { Connections } from './connections/connections'
import { Deadline } from './deadline'
import type { Destination } from './destination'
import { deadlineDetail, failureDetail, type Phase, statusDetail, type Where } from './error-detail'
import type { GuardedLookup } from './names/address-guard'
import { errorClass, isOwnTrouble, NoAnswerError, NotAllowedError } from './send-errors'
import type { SendRequest } from './send-request'
import { type SendResult, STOPPED } from './send-result'
import type { Stop } from './stop-signal'

/** What all exchanges of a sender share. */
export interface ExchangeParts {
  connections: Connections
  lookup: GuardedLookup
  secureContext: SecureContext
  /** deadline for everything from the name lookup to the last byte of the response, without the check of the permit */
  timeoutMs: number
  userAgent: string
}

/**
 * Sends one POST, on an open connection if there is one, and reads the response. An open connection gets the request before this
 * function returns. Resolves as soon as the result is known, at the deadline at the latest. Never rejects because of the network or
 * the receiver.
 *
 * - A 2xx is a success as soon as its head is in, whatever comes after: the receiver has confirmed.
 * - Any other status is the result even if the body stops early or is too slow, because a 410 must switch its endpoint off.
 * - Otherwise a stop has priority over every other result: ABORTED, so that it uses up no try.
 * - A kept connection may die before a byte of the answer, because the receiver closed it while the request was on its way. Then
 *   the request is sent again, once, on a new connection. On a new connection the same is a failure.
 */
export function exchange(
  request: SendRequest,
  destination: Destination,
  stop: Stop,
  parts: ExchangeParts,
): Promise<SendResult> {
  return new Promise((resolve) => new Exchange(request, destination, stop, parts, resolve).start())
}

/** Follows one request through its phases. Ignores every callback after the result is known. */
class Exchange implements ConnectionUser, AnswerEvents {
  readonly #startedAt = performance.now()
  readonly #deadline: Deadline
  readonly #removeStopListener: () => void
  #phase: Phase = 'lookup'
  #hasEnded = false
  #addresses: LookupAddress[] = []
  #connection: Connection | undefined
  /** why the connection ended while the permit was checked */
  #closedBy: { error: Error | null } | undefined
  #sentAt: Date | null = null
  #reader: AnswerReader
  #head: AnswerHead | null = null
  #body: ResponseBody | null = null
  #flaw: string | null = null

  constructor(
    private readonly request: SendRequest,
    private readonly destination: Destination,
    stop: Stop,
    private readonly parts: ExchangeParts,
    private readonly resolve: (result: SendResult) => void,
  ) {
    this.#reader = new AnswerReader(this)
    this.#deadline = new Deadline(parts.timeoutMs, () => this.#onDeadline())
    this.#removeStopListener = stop.onStop(() => this.#onStop())
  }

  start(): void {
    const kept = this.parts.connections.take(connectionKey(this.destination, this.request.verifyTls))
    if (kept === undefined) void this.#connect()
    else this.#write(kept)
  }

  async #connect(): Promise<void> {
    const { lookup, secureContext, timeoutMs } = this.parts
    this.request.permit?.onConnecting()
    this.#phase = 'lookup'
    try {
      this.#addresses = await lookup(this.destination.hostname)
      if (this.#hasEnded) return
      this.#phase = 'connect'
      const options = {
        addresses: this.#addresses,
        verifyTls: this.request.verifyTls,
        secureContext,
        // Node allows 250 ms for each address but the last: too little for a receiver on another continent.
        attemptTimeoutMs: Math.min(1_000, Math.ceil(timeoutMs / 4)),
      }
      this.#connection = new Connection(this.destination, options, this)
    } catch (error) {
      this.#fail(error)
    }
  }

  onHandshake(): void {
    this.#phase = 'tls'
  }

  async onOpen(): Promise<void> {
    const { permit } = this.request
    if (permit !== undefined) {
      this.#phase = 'check'
      this.#deadline.pause()
      const isAllowed = await permit.check()
      if (this.#hasEnded) return
      this.#deadline.resume()
      if (!isAllowed) return this.#fail(new NotAllowedError())
      if (this.#closedBy !== undefined) return this.#fail(this.#closedBy.error)
    }
    if (this.#connection !== undefined) this.#write(this.#connection)
  }

  #write(connection: Connection): void {
    const { body, permit } = this.request
    connection.user = this
    this.#connection = connection
    this.#phase = 'answer'
    this.#sentAt = new Date()
    permit?.onWriting()
    connection.write(this.#requestHead(), body)
  }

  #requestHead(): string {
    const { body, headers } = this.request
    const { path, host } = this.destination
    let head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\nUser-Agent: ${this.parts.userAgent}\r\n`
    head += `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`
    return `${head}\r\n`
  }

  onData(bytes: Buffer): void {
    if (this.#hasEnded) return
    if (this.#phase === 'answer') this.#phase = 'head'
    this.#reader.read(bytes)
  }

  onClose(error: Error | null): void {
    if (this.#hasEnded) return
    if (this.#phase === 'check') {
      // The permit must not end while it is checked.
      this.#closedBy = { error }
      return
    }
    if (this.#phase === 'answer' && this.#connection?.isKept) {
      void this.#connect()
      return
    }
    // The end of the connection may be the end of the answer.
    if (error === null && this.#sentAt !== null && this.#phase !== 'connect' && this.#phase !== 'tls')
      this.#reader.end()
    else this.#fail(error)
  }

  onHead(head: AnswerHead): void {
    this.#phase = 'body'
    this.#head = head
    const headers = { encoding: headerOf(head, 'content-encoding'), type: headerOf(head, 'content-type') }
    this.#body = new ResponseBody(headers, {
      onDone: () => this.#onStatus(this.#flaw),
      onDrain: () => this.#connection?.resume(),
    })
  }

  onBody(piece: Buffer): void {
    if (!this.#hasEnded && this.#body?.write(piece) === false) this.#connection?.pause()
  }

  onEnd(flaw: string | null): void {
    this.#flaw = flaw
    this.#body?.end(flaw === null)
  }

  onNoAnswer(flaw: string): void {
    this.#fail(new NoAnswerError(`The receiver ${flaw}`))
  }

  #onStop(): void {
    if (this.#isConfirmed) this.#onStatus('then stopped by the gateway')
    else this.#finish('ABORTED', STOPPED)
  }

  #onDeadline(): void {
    if (this.#head !== null) this.#onStatus('no whole body before the deadline')
    else this.#finish('TIMEOUT', deadlineDetail(this.parts.timeoutMs, this.#where))
  }

  #fail(error: unknown): void {
    if (this.#head !== null) this.#onStatus(failureDetail(error, this.#where))
    else this.#finish(errorClass(error), failureDetail(error, this.#where), isOwnTrouble(error))
  }

  /** @param flaw what was wrong with the body, for the log */
  #onStatus(flaw: string | null): void {
    if (this.#head === null) return
    const error = statusError(this.#head.status)
    const detail = error === null ? `HTTP ${this.#head.status}` : statusDetail(this.#head)
    this.#finish(error, error !== null || flaw === null ? detail : `${detail}, ${flaw}`)
  }

  #finish(error: AttemptError | null, detail: string, isOwnTrouble = false): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#deadline.clear()
    this.#removeStopListener()
    const result: SendResult = {
      sentAt: this.#sentAt,
      durationMs: Math.round(performance.now() - this.#startedAt - this.#deadline.pausedMs),
      status: this.#head?.status ?? null,
      responseBody: this.#body?.text() ?? null,
      truncated: this.#body?.truncated ?? false,
      error,
      isOwnTrouble: isOwnTrouble && error === 'ABORTED',
      retryAfter: this.#head === null ? null : (headerOf(this.#head, 'retry-after') ?? null),
      detail,
    }
    this.#body?.discard()
    this.#release()
    this.resolve(result)
  }

  #release(): void {
    const connection = this.#connection
    if (connection?.isWritten) this.parts.connections.keep(connection, this.#reader.keepForMs)
    else connection?.destroy()
  }

  /** The receiver has answered with a 2xx. */
  get #isConfirmed(): boolean {
    return this.#head !== null && statusError(this.#head.status) === null
  }

  get #where(): Where {
    return { phase: this.#phase, destination: this.destination, addresses: this.#addresses }
  }
}
