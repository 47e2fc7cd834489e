/** Why an attempt failed, as it is recorded with it. */
export type AttemptError =
  | 'DNS'
  | 'CONNECTION'
  | 'TLS'
  | 'TIMEOUT'
  | 'BLOCKED_ADDRESS'
  | 'REDIRECT'
  | 'HTTP_STATUS'
  | 'ABORTED'

/** Its caller did not let the request leave. */
export class WithdrawnError extends Error {
  override name = 'WithdrawnError'
  readonly code = 'WITHDRAWN'

  constructor() {
    super('The request was withdrawn before it was sent')
  }
}

/**
 * Error codes and what they mean to the owner of an endpoint; the first line that matches counts. Whatever is not
 * listed broke the connection: ECONNREFUSED, ECONNRESET, EPIPE, EHOSTUNREACH, undici's UND_ERR_SOCKET and
 * UND_ERR_HEADERS_OVERFLOW, its parser's HPE_* for an answer that is no HTTP.
 *
 * Sources: Node's documentation of errors, dns and tls ("X509 certificate error codes"), OpenSSL's X509_V_ERR list.
 */
const CLASSES: readonly [AttemptError, RegExp][] = [
  ['ABORTED', /^WITHDRAWN$/],
  ['BLOCKED_ADDRESS', /^BLOCKED_ADDRESS$/],
  ['DNS', /^(NAME_LOOKUP|ENOTFOUND|EAI_\w+)$/],
  ['TIMEOUT', /^(ETIMEDOUT|UND_ERR_\w+_TIMEOUT)$/],
  ['TLS', /^(EPROTO|ERR_TLS_\w+|ERR_SSL_\w+)$/],
  ['TLS', /^(\w*(CERT|CRL)\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH|UNSPECIFIED)$/],
  ['TLS', /^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/],
]

/** The class of what undici, Node or OpenSSL failed with. Several addresses that all failed count as the first. */
export function errorClass(error: unknown): AttemptError {
  const code = codeOf(error)
  return CLASSES.find(([, pattern]) => pattern.test(code))?.[0] ?? 'CONNECTION'
}

/** How a final status is judged: 2xx is a success (null), 3xx is never followed, everything else failed. */
export function statusError(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? 'REDIRECT' : 'HTTP_STATUS'
}

/** The error and its causes in a line for the log; never for the API, since it may name addresses. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let at = error; at && parts.length < CAUSES_MAX; at = partOf(at, 'cause')) parts.push(describeOne(at))
  return parts.join(': ').slice(0, DESCRIPTION_MAX_LENGTH)
}

const CAUSES_MAX = 5
const DESCRIPTION_MAX_LENGTH = 500

function describeOne(error: unknown): string {
  const several = partOf(error, 'errors')
  const message = Array.isArray(several) ? several.map(describeOne).join(', ') : partOf(error, 'message')
  const text = String(message || error)
  const code = codeOf(error)
  return text.includes(code) ? text : `${text} (${code})`
}

const codeOf = (error: unknown) => String(partOf(error, 'code') ?? '')

const partOf = (error: unknown, name: 'cause' | 'code' | 'errors' | 'message'): unknown =>
  typeof error === 'object' && error !== null && name in error ? error[name as keyof typeof error] : undefined
