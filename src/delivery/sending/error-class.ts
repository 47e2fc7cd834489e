import type { AttemptError } from '../../generated/prisma/enums'

/** The caller did not let the request leave. */
export class WithdrawnError extends Error {
  override name = 'WithdrawnError'
  readonly code = 'WITHDRAWN'

  constructor() {
    super('The request was withdrawn before it was sent')
  }
}

/**
 * Error codes and their meaning to the owner of an endpoint; the first line that matches counts. Every other code means
 * CONNECTION: ECONNREFUSED, ECONNRESET, EPIPE, EHOSTUNREACH, undici's UND_ERR_SOCKET and UND_ERR_HEADERS_OVERFLOW, and HPE_* of
 * undici's parser for an answer that is not HTTP.
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

/** The class of an error of undici, Node or OpenSSL. When several addresses failed, the code of the whole error counts. */
export function errorClass(error: unknown): AttemptError {
  const code = codeOf(error)
  return CLASSES.find(([, pattern]) => pattern.test(code))?.[0] ?? 'CONNECTION'
}

/** The class of a final status: null = success (2xx). A redirect (3xx) is never followed, so it is a failure. */
export function statusError(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? 'REDIRECT' : 'HTTP_STATUS'
}

/** Describes an error and its causes in one line. For the log only, because the line may contain addresses. */
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
