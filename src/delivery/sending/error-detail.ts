import type { LookupAddress } from 'node:dns'
import { type AnswerHead, headerOf } from './answers/answer-head'
import { quote } from './answers/quote'
import type { Destination } from './destination'
import { codeOf, describeError, errorClass, isOwnTrouble, partOf } from './send-errors'

/** What an exchange waits for. */
export type Phase = 'lookup' | 'connect' | 'tls' | 'check' | 'answer' | 'head' | 'body'

/** Where an exchange was when it ended. */
export interface Where {
  phase: Phase
  destination: Destination
  /** that were tried; empty before the lookup has ended */
  addresses: LookupAddress[]
}

const DETAIL_MAX_LENGTH = 500

/**
 * Completes a sentence for the owner of an endpoint. No detail shows more of the target than its host and port: the rest may hold
 * secrets.
 *
 * @param code of an error, shown so that a reader can search for it
 */
function sentence(text: string, code = ''): string {
  const end = code === '' || text.includes(code) ? '.' : ` (${code}).`
  const shown =
    text.length + end.length > DETAIL_MAX_LENGTH
      ? `${text.slice(0, DETAIL_MAX_LENGTH - end.length - 3)}...`
      : text
  return (shown + end).toWellFormed().replace(/\p{Cc}+/gu, ' ')
}

/** Codes of the errors whose message is a sentence of ours. */
const OURS = /^(BLOCKED_ADDRESS|NAME_LOOKUP|NO_NAME_SERVER|NOT_ALLOWED|NO_ANSWER)$/

/** Says why an exchange failed. */
export function failureDetail(error: unknown, where: Where): string {
  const code = codeOf(error)
  const message = String(partOf(error, 'message') ?? '')
  if (OURS.test(code)) return sentence(message)
  if (partOf(error, 'name') === 'CertificateError') return sentence(message, code)
  if (isOwnTrouble(error))
    return sentence(`The gateway lacks something that a send needs: ${describeError(error)}`)
  const handshake = HANDSHAKE_FAULTS.find(([pattern]) =>
    pattern.test(`${code} ${message}`.replaceAll('_', ' ')),
  )
  if (errorClass(error) === 'TLS')
    return sentence(
      handshake?.[1] ?? `The TLS handshake failed: ${partOf(error, 'reason') ?? describeError(error)}`,
      code,
    )
  return sentence(connectionFault(error, where), code)
}

/** Faults of TLS by the code and the message of OpenSSL. */
const HANDSHAKE_FAULTS: readonly [RegExp, string][] = [
  [/certificate required/i, 'The receiver wants a client certificate, which the gateway does not have'],
  [
    /wrong version number|http request|packet length too long/i,
    'The receiver does not speak TLS on this port',
  ],
  [/protocol version|unsupported protocol/i, 'The receiver supports neither TLS 1.2 nor TLS 1.3'],
  [/unrecognized name/i, 'The receiver knows no host of this name'],
  [
    /alert handshake failure/i,
    'The receiver refused the TLS handshake: no common cipher, or it wants a client certificate',
  ],
  [/alert/i, 'The receiver refused the TLS handshake'],
]

function connectionFault(error: unknown, where: Where): string {
  const several = partOf(error, 'errors')
  if (Array.isArray(several) && several.length > 0)
    return several.map((each) => connectionFault(each, where)).join('; ')
  const address = partOf(error, 'address')
  const peer = address === undefined ? peers(where) : peerOf(String(address), where.destination)
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return `${peer} refused the connection`
    case 'ETIMEDOUT':
      return `${peer} did not accept a connection in time`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `No route leads to ${peer}`
    case 'ECONNRESET':
    case 'EPIPE':
      return `The receiver reset the connection ${WHEN[where.phase]}`
    default:
      return error === null ? `The receiver closed the connection ${WHEN[where.phase]}` : describeError(error)
  }
}

const WHEN: Record<Phase, string> = {
  lookup: 'before it was open',
  connect: 'before it was open',
  tls: 'during the TLS handshake',
  check: 'as soon as it was open',
  answer: 'before it answered',
  head: 'in the middle of the head of its answer',
  body: 'in the middle of the body of its answer',
}

/** Says what the deadline ended. */
export function deadlineDetail(timeoutMs: number, where: Where): string {
  const within = `within the deadline of ${timeoutMs % 1_000 === 0 ? `${timeoutMs / 1_000} s` : `${timeoutMs} ms`}`
  switch (where.phase) {
    case 'lookup':
      return sentence(`The name ${where.destination.hostname} was not resolved ${within}`)
    case 'connect':
      return sentence(`${peers(where)} did not accept a connection ${within}`)
    case 'tls':
      return sentence(`${peers(where)} did not finish the TLS handshake ${within}`)
    case 'head':
      return sentence(`The receiver did not send the whole head of its answer ${within}`)
    default:
      return sentence(`The receiver did not answer ${within}`)
  }
}

/** Says what the receiver has answered instead of a 2xx. */
export function statusDetail(head: AnswerHead): string {
  const { status, reason } = head
  const answered = `The receiver answered ${status}${reason === '' ? '' : ` ${quote(reason).slice(1, -1)}`}`
  if (status < 300 || status >= 400) return sentence(answered)
  const location = headerOf(head, 'location')
  const to = location === undefined || location === '' ? '' : ` to ${quote(location)}`
  return sentence(`${answered}, a redirect${to}, which is not followed`)
}

function peers({ addresses, destination }: Where): string {
  const shown = addresses.slice(0, 3).map(({ address }) => peerOf(address, destination))
  return shown.length === 0 ? destination.host : shown.join(', ') + (addresses.length > 3 ? ', ...' : '')
}

const peerOf = (address: string, { port }: Destination) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
