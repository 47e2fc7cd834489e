import type { AttemptError } from '../../generated/prisma/enums'

/** The result of one POST. */
export interface SendResult {
  /**
   * When the first byte of the request was written to an open connection. null = not one byte was written (no address, no
   * connection, no TLS, stopped before), so the receiver cannot know of the request. Otherwise it may have arrived.
   */
  sentAt: Date | null
  /** from the start of the name lookup, or of writing to a connection that was open already, to the end of the send */
  durationMs: number
  /** null when the head of a response did not arrive completely */
  status: number | null
  /** the first 64 KiB, decompressed, as text without U+0000; null when `status` is null, '' for an empty body */
  responseBody: string | null
  /** `responseBody` is not the whole body: it was longer, its compression was corrupt, or a part of it did not come */
  truncated: boolean
  /** null = delivered */
  error: AttemptError | null
  /** true = ABORTED because the gateway itself lacked something, such as file descriptors: see isOwnTrouble in send-errors.ts */
  isOwnTrouble: boolean
  /** the Retry-After header, unparsed; the first one if there are several */
  retryAfter: string | null
  /** Why the send failed: one sentence for the owner of the endpoint, 500 characters at most. Of a success, a line for the log. */
  detail: string
}

/** The detail of an aborted send. */
export const STOPPED = 'The gateway stopped the send.'

/** The result of a send that ended before a connection was chosen. */
export const notSent = (error: AttemptError, detail: string): SendResult => ({
  sentAt: null,
  durationMs: 0,
  status: null,
  responseBody: null,
  truncated: false,
  error,
  isOwnTrouble: false,
  retryAfter: null,
  detail,
})
