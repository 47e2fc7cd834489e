import type { AttemptError } from '../../generated/prisma/enums'

/** The request's permit did not allow it to be written. */
export class NotAllowedError extends Error {
  override name = 'NotAllowedError'
  readonly code = 'NOT_ALLOWED'

  constructor() {
    super('The gateway no longer allowed the request when its connection was open')
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
  ['ABORTED', /^NOT_ALLOWED$/],
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
