import type { Client, Dispatcher } from 'undici'
import { type AttemptError, describeError, errorClass, statusError } from './error-class'
import { ResponseBody } from './response-body'
import type { Stop } from './stop-signal'

export interface SendRequest {
  /** absolute http(s) URL; never sent: user name, password and fragment */
  target: string
  /** the bytes that were signed */
  body: Buffer | string
  /** beside Content-Type and User-Agent, which the sender sets */
  headers: Record<string, string>
  verifyTls: boolean
  departure?: Departure
  /** aborted = stop at once, whatever the state */
  signal?: AbortSignal
}

/**
 * The moment from which a request is on its way, for a caller who has to know it: who holds something until then, or
 * wants a last look at what has changed while a connection was being made.
 */
export interface Departure {
  /** The request cannot be written yet; `mayLeave` will be asked before it is. */
  onWaiting(): void
  /** Asked whenever the request has waited and could now be written. Resolves with false = it is not to be sent. */
  mayLeave(): Promise<boolean>
  /** It is being written. */
  onLeaving(): void
}

/** What came of one POST. `error` null means: delivered. */
export interface SendResult {
  /**
   * when the request began to be written to an open connection. null = not one byte of it was written (no address, no
   * connection, no TLS, stopped before), so the receiver cannot know of it; else it may have arrived, whatever `error`
   */
  sentAt: Date | null
  /** from the start of the lookup, or of writing on a reused connection, until the outcome was known */
  durationMs: number
  /** null when no complete head of a response came */
  status: number | null
  /** the first 64 KiB, decompressed, as text without U+0000; null when `status` is null, '' for an empty body */
  responseBody: string | null
  /** `responseBody` is not all: it was longer, its compression was corrupt, or the connection ended before it did */
  truncated: boolean
  error: AttemptError | null
  /** the Retry-After header as it came; the first, if there are several */
  retryAfter: string | null
  /** a line for the log alone: it may name addresses */
  detail: string
}

export interface ExchangeResult {
  outcome: SendResult
  /** the whole response has been read, so the connection may serve again; else nothing but its end stops it */
  isOver: boolean
}

export interface ExchangeOptions {
  /** for everything from the lookup to the last byte of the response */
  timeoutMs: number
  userAgent: string
  /** stopped = ABORTED */
  stop: Stop
  onLeaving?: () => void
}

/**
 * One POST and its response on a connection that nobody else uses. Resolves as soon as the outcome is known, at the
 * deadline at the latest, and never rejects for what the network or the receiver does. How it is judged:
 *
 * - a stop wins over everything: ABORTED, for it must not count as a try;
 * - a status other than 2xx is the outcome even where its body breaks off or drips past the deadline: the receiver has
 *   said no, and a 410 must switch its endpoint off all the same;
 * - a 2xx whose body breaks off (CONNECTION) or is not there by the deadline (TIMEOUT) is a failure;
 * - a 2xx whose body is too long, or whose compression is corrupt, is a success: the receiver did confirm.
 *
 * @throws TypeError when the target is not an absolute URL
 */
export function exchange(
  client: Client,
  { target, body, headers }: SendRequest,
  options: ExchangeOptions,
): Promise<ExchangeResult> {
  const { pathname, search } = new URL(target)
  if (options.stop.isStopped) return Promise.resolve({ outcome: notSent('ABORTED', STOPPED), isOver: false })
  return new Promise((resolve) => {
    client.dispatch(
      {
        path: pathname + search,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'user-agent': options.userAgent },
        body,
      },
      new Exchange(options, resolve),
    )
  })
}

/** The outcome of a send that was given up before it had a connection. */
export const notSent = (error: AttemptError, detail: string): SendResult => ({
  sentAt: null,
  durationMs: 0,
  status: null,
  responseBody: null,
  truncated: false,
  error,
  retryAfter: null,
  detail,
})

export const STOPPED = 'stopped by the gateway'

/** The request as undici reports its progress. Whatever comes after the outcome is known is ignored. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #startedAt = performance.now()
  readonly #deadline: NodeJS.Timeout
  readonly #forgetStop: () => void
  #settled = false
  #isOver = false
  #sentAt: Date | null = null
  #status: number | null = null
  #retryAfter: string | null = null
  #body: ResponseBody | null = null

  constructor(
    private readonly options: ExchangeOptions,
    private readonly resolve: (result: ExchangeResult) => void,
  ) {
    // After a busy moment an answer may be waiting to be read: the immediate lets it be read first.
    this.#deadline = setTimeout(() => setImmediate(() => this.#onDeadline()), options.timeoutMs)
    this.#forgetStop = options.stop.onStop(() => this.#settle('ABORTED', STOPPED))
  }

  onRequestStart(): void {
    this.#sentAt = new Date()
    this.options.onLeaving?.()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#settled || status < 200) return
    this.#status = status
    this.#retryAfter = firstOf(headers['retry-after']) ?? null
    this.#body = new ResponseBody(firstOf(headers['content-encoding']) ?? '', {
      onDone: () => this.#settle(statusError(status), `HTTP ${status}`),
      onDrain: () => controller.resume(),
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    if (this.#body?.write(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#settled) return
    this.#isOver = true
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(errorClass(error), describeError(error))
  }

  #onDeadline(): void {
    this.#fail('TIMEOUT', `no complete answer within ${this.options.timeoutMs} ms`)
  }

  #fail(error: AttemptError, detail: string): void {
    const judged = this.#status === null ? null : statusError(this.#status)
    this.#settle(judged ?? error, this.#status === null ? detail : `HTTP ${this.#status}, then ${detail}`)
  }

  #settle(error: AttemptError | null, detail: string): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#deadline)
    this.#forgetStop()
    const outcome: SendResult = {
      sentAt: this.#sentAt,
      durationMs: Math.round(performance.now() - this.#startedAt),
      status: this.#status,
      responseBody: this.#body?.text() ?? null,
      truncated: this.#body?.truncated ?? false,
      error,
      retryAfter: this.#retryAfter,
      detail,
    }
    this.#body?.discard()
    this.resolve({ outcome, isOver: this.#isOver })
  }
}

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
