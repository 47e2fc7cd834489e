/** One POST to be sent. */
export interface SendRequest {
  /** absolute http(s) URL; user name, password and fragment are never sent */
  target: string
  /** the bytes that were signed */
  body: Buffer | string
  /** added to Content-Type and User-Agent, which the sender sets */
  headers: Record<string, string>
  verifyTls: boolean
  /** default: the request may be written at any time */
  permit?: WritePermit
  /** aborts the send at once, in any state */
  signal?: AbortSignal
}

/**
 * The caller's permission to write a request. It holds when the send starts, and ends when a connection must be opened first:
 * opening takes time, so the caller checks again before the request is written. The caller also learns when the request is being
 * written, because it holds a lock until then.
 */
export interface WritePermit {
  /**
   * No connection is open, or the one that the request was written to has ended: a new one is being opened. The permission has
   * ended. `check` is called once the connection is open.
   */
  onConnecting(): void
  /** A new connection is open. Resolves with true = write the request in the same turn; false = end the connection. */
  check(): Promise<boolean>
  /** The request is being written. */
  onWriting(): void
}
