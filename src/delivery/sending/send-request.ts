/** One POST to be sent. */
export interface SendRequest {
  /** absolute http(s) URL; user name, password and fragment are never sent */
  target: string
  /** the bytes that were signed */
  body: Buffer | string
  /** added to Content-Type and User-Agent, which the sender sets */
  headers: Record<string, string>
  verifyTls: boolean
  departure?: Departure
  /** aborts the send at once, in any state */
  signal?: AbortSignal
}

/**
 * Lets a caller follow the start of a request up to the moment it is written: because the caller holds a lock until then, or
 * because it must check for changes after a connection was opened.
 */
export interface Departure {
  /** No connection is open: one is being opened. `mayLeave` is called once it is open. */
  onConnecting(): void
  /** A new connection is open. Resolves with true = write the request in the same turn; false = end the connection. */
  mayLeave(): Promise<boolean>
  /** The request is being written. */
  onLeaving(): void
}
