import { placeOf } from './address/database-address'
import type { Blame, Route } from './address/routes'

/** A connection that did not come about. Nothing was sent on it but the wish to connect. */
export class ConnectionFault extends Error {
  override name = 'ConnectionFault'

  /**
   * @param message for the operator: which server, what is wrong, what to do
   * @param options.mayTryNext whether another route to the database is left
   * @param options.isAway whether no server answers at all
   */
  constructor(
    message: string,
    readonly options: { cause?: unknown; mayTryNext: boolean; isAway?: boolean },
  ) {
    super(message, { cause: options.cause })
  }
}

interface NetworkError {
  code?: string
  message: string
  /** of an answer of the server */
  severity?: string
}

/** What a failed connection means: whom to blame, and in words. */
export function explain(error: NetworkError, route: Route): { blame: Blame; words: string } {
  const host = placeOf({ hosts: [route] })
  const { code = '', message, severity } = error
  if (severity !== undefined)
    return { blame: blameOf(error), words: `${host} refuses the connection: ${message}` }
  const tls = tlsWords(error)
  if (tls) return { blame: 'encryption', words: `${host} ${tls}` }
  const words = NETWORK[code] ?? (/time/i.test(message) ? 'does not answer' : undefined)
  return { blame: 'host', words: words ? `${host} ${words}` : `${host} cannot be reached: ${message}` }
}

const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'refuses connections, because no server listens there',
  ENOTFOUND: 'is an unknown name',
  EAI_AGAIN: 'is a name that cannot be resolved at the moment',
  ENOENT: 'has no socket, because no server listens there',
  EACCES: 'has a socket that this user may not use',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ECONNRESET: 'breaks the connection',
}

/** What a server refuses for the same reason on every host, and what it refuses because of the encryption alone. */
function blameOf({ code = '' }: NetworkError): Blame {
  // No line of pg_hba.conf: another one may hold for connections with, or without, encryption.
  if (code === '28000') return 'encryption'
  return ['28P01', '3D000', '42501', '08P01', '0A000', '42704', '22023'].includes(code) ? 'caller' : 'host'
}

const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

function tlsWords({ code = '', message }: NetworkError): string | undefined {
  if (message === 'The server does not support SSL connections') {
    return 'does not offer TLS: set sslmode=disable or prefer, or switch ssl on at the server'
  }
  if (UNKNOWN_AUTHORITY.has(code)) {
    return `has a certificate of an authority that is not trusted here (${code}): name the authority's certificate by sslrootcert=/path/to/ca.crt, or set sslmode=require to encrypt without a check`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'has a certificate for another name: connect by the name in the certificate, or set sslmode=verify-ca to check the authority alone'
  }
  if (code === 'CERT_HAS_EXPIRED') return 'has a certificate that has expired: renew it at the server'
  const isTls = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|EPROTO)/.test(code) || /\b(SSL|TLS)\b/.test(message)
  return isTls ? `fails in the TLS handshake: ${message}` : undefined
}
