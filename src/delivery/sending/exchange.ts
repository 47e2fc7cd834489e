import type { Client, Dispatcher } from 'undici'
import type { AttemptError } from '../../generated/prisma/enums'
import { ResponseBody } from './response-body'
import { statusError } from './response-status'
import { describeError, errorClass, isOwnTrouble } from './send-errors'
import type { SendRequest, WritePermit } from './send-request'
import { type SendResult, STOPPED } from './send-result'
import type { Stop } from './stop-signal'

export interface ExchangeOptions {
  /** deadline for everything from the name lookup to the last byte of the response */
  timeoutMs: number
  userAgent: string
  /** ends the exchange as ABORTED */
  stop: Stop
}

/** How an exchange ended. */
interface End {
  result: SendResult
  /** The whole response was read, so the connection can serve another request. Otherwise the caller must end the connection. */
  isReusable: boolean
}

/**
 * Sends one POST on a connection that nobody else uses, and reads the response. Resolves as soon as the result is known, at the
 * deadline at the latest. Never rejects because of the network or the receiver.
 *
 * - A stop has priority over every other result: ABORTED, so that it uses up no try.
 * - A status other than 2xx is the result even if the body stops early or is too slow: the receiver has answered, and a 410 must
 *   switch its endpoint off.
 * - A 2xx whose body stops early (CONNECTION) or does not end by the deadline (TIMEOUT) is a failure.
 * - A 2xx whose body is too long, or whose compression is corrupt, is a success: the receiver has confirmed.
 *
 * @throws TypeError when the target is not an absolute URL
 */
export function exchange(client: Client, request: SendRequest, options: ExchangeOptions): Promise<End> {
  const { target, body, headers, permit } = request
  const { pathname, search } = new URL(target)
  return new Promise((resolve) => {
    client.dispatch(
      {
        path: pathname + search,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'user-agent': options.userAgent },
        body,
      },
      new Exchange(options, permit, resolve),
    )
  })
}

/** Follows one request by undici's callbacks. Ignores every callback after the result is known. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #startedAt = performance.now()
  readonly #deadline: NodeJS.Timeout
  readonly #removeStopListener: () => void
  #hasEnded = false
  #isReusable = false
  #isOwnTrouble = false
  #sentAt: Date | null = null
  #status: number | null = null
  #retryAfter: string | null = null
  #body: ResponseBody | null = null

  constructor(
    private readonly options: ExchangeOptions,
    private readonly permit: WritePermit | undefined,
    private readonly resolve: (end: End) => void,
  ) {
    // After a busy moment a response may be waiting in the socket: setImmediate lets it be read first.
    this.#deadline = setTimeout(() => setImmediate(() => this.#onDeadline()), options.timeoutMs)
    this.#removeStopListener = options.stop.onStop(() => this.#end('ABORTED', STOPPED))
  }

  onRequestStart(): void {
    this.#sentAt = new Date()
    this.permit?.onWriting()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#hasEnded || status < 200) return
    this.#status = status
    this.#retryAfter = firstOf(headers['retry-after']) ?? null
    this.#body = new ResponseBody(firstOf(headers['content-encoding']) ?? '', {
      onDone: () => this.#end(statusError(status), `HTTP ${status}`),
      onDrain: () => controller.resume(),
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#hasEnded) return
    if (this.#body?.write(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#hasEnded) return
    this.#isReusable = true
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#isOwnTrouble = isOwnTrouble(error)
    this.#fail(errorClass(error), describeError(error))
  }

  #onDeadline(): void {
    this.#fail('TIMEOUT', `no complete answer within ${this.options.timeoutMs} ms`)
  }

  #fail(error: AttemptError, detail: string): void {
    if (this.#status === null) this.#end(error, detail)
    else this.#end(statusError(this.#status) ?? error, `HTTP ${this.#status}, then ${detail}`)
  }

  #end(error: AttemptError | null, detail: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#deadline)
    this.#removeStopListener()
    const result: SendResult = {
      sentAt: this.#sentAt,
      durationMs: Math.round(performance.now() - this.#startedAt),
      status: this.#status,
      responseBody: this.#body?.text() ?? null,
      truncated: this.#body?.truncated ?? false,
      error,
      isOwnTrouble: this.#isOwnTrouble && error === 'ABORTED',
      retryAfter: this.#retryAfter,
      detail,
    }
    this.#body?.discard()
    this.resolve({ result, isReusable: this.#isReusable })
  }
}

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
