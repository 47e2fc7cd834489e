import { isIPv4 } from 'node:net'
import type { AttemptError } from '../../generated/prisma/enums'

/** The request's permit did not allow it to be written. */
export class NotAllowedError extends Error {
  override name = 'NotAllowedError'
  readonly code = 'NOT_ALLOWED'

  constructor() {
    super('The gateway no longer allowed the request when its connection was open')
  }
}

/** What the receiver sent is no answer of HTTP. The message says why, in one sentence. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError'
  readonly code = 'NO_ANSWER'
}

/**
 * The gateway itself lacks something: descriptors, memory, local ports, or a name server that answers. Nothing was sent, for a
 * reason that is not the receiver's.
 *
 * Sources: errno(3), connect(2), Node's documentation of dns, OpenSSL's list of reasons.
 */
const OWN_TROUBLE =
  /^(NO_NAME_SERVER|EMFILE|ENFILE|ENOMEM|ENOBUFS|EAI_MEMORY|ERR_(OSSL_|SSL_)?\w*MALLOC_FAILURE)$/

/** Whether a send failed for a reason of the gateway itself. */
export function isOwnTrouble(error: unknown): boolean {
  return causesOf(error).some((cause) => {
    const code = codeOf(cause)
    // No local port is free for this receiver. With IPv6 the code also means that the system has no IPv6.
    if (code === 'EADDRNOTAVAIL') return isIPv4(String(partOf(cause, 'address')))
    return OWN_TROUBLE.test(code)
  })
}

/**
 * Error codes and their meaning to the owner of an endpoint; the first line that matches counts. Every other code means
 * CONNECTION: ECONNREFUSED, ECONNRESET, EPIPE, EHOSTUNREACH, and NO_ANSWER.
 *
 * Sources: Node's documentation of errors, dns and tls ("X509 certificate error codes"), OpenSSL's X509_V_ERR list.
 */
const CLASSES: readonly [AttemptError, RegExp][] = [
  ['ABORTED', /^NOT_ALLOWED$/],
  ['BLOCKED_ADDRESS', /^BLOCKED_ADDRESS$/],
  ['DNS', /^(NAME_LOOKUP|ENOTFOUND|EAI_\w+)$/],
  ['TIMEOUT', /^ETIMEDOUT$/],
  // OpenSSL 3.5 has codes such as ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE.
  ['TLS', /^(EPROTO|ERR_TLS_\w+|ERR_SSL_\S+)$/],
  ['TLS', /^(\w*(CERT|CRL)\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH|UNSPECIFIED)$/],
  ['TLS', /^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/],
]

/** The class of an error of Node, OpenSSL or this folder. When several addresses failed, the code of the whole error counts. */
export function errorClass(error: unknown): AttemptError {
  if (isOwnTrouble(error)) return 'ABORTED'
  const code = codeOf(error)
  return CLASSES.find(([, pattern]) => pattern.test(code))?.[0] ?? 'CONNECTION'
}

/** Describes an error and its causes in one line. */
export function describeError(error: unknown): string {
  return causesOf(error).map(describeOne).join(': ').slice(0, DESCRIPTION_MAX_LENGTH)
}

/** An error, its cause, the cause of that, and so on. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let at = error; at && causes.length < CAUSES_MAX; at = partOf(at, 'cause')) causes.push(at)
  return causes
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

export const codeOf = (error: unknown) => String(partOf(error, 'code') ?? '')

export const partOf = (
  error: unknown,
  name: 'address' | 'cause' | 'code' | 'errors' | 'message' | 'name' | 'reason',
): unknown =>
  typeof error === 'object' && error !== null && name in error ? error[name as keyof typeof error] : undefined
