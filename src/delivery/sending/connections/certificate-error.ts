import type { PeerCertificate } from 'node:tls'

/** The receiver's certificate is not accepted. The message says why, in one sentence. */
export class CertificateError extends Error {
  override name = 'CertificateError'

  /**
   * @param code of Node or OpenSSL, such as CERT_HAS_EXPIRED
   * @param host the name or address that the certificate must be valid for
   */
  constructor(
    readonly code: string,
    certificate: PeerCertificate,
    host: string,
  ) {
    super(`The receiver's certificate ${reasonOf(code, certificate, host)}`)
  }
}

/** Codes of OpenSSL: Node's documentation of tls, "X509 certificate error codes". */
function reasonOf(code: string, certificate: PeerCertificate, host: string): string {
  const subject = nameOf(certificate.subject)
  const issuer = nameOf(certificate.issuer)
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      // The fault may be in a certificate above the receiver's own.
      return new Date(certificate.valid_to) < new Date()
        ? `for ${subject} expired on ${dayOf(certificate.valid_to)}`
        : `for ${subject} was issued by one that has expired: ${issuer}`
    case 'CERT_NOT_YET_VALID':
      return `for ${subject} is not valid before ${dayOf(certificate.valid_from)}`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `is not for ${host}, only for ${namesOf(certificate) || subject}`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `for ${subject} is self-signed`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `for ${subject} was issued by an authority that the gateway does not know: ${issuer}`
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `for ${subject} was issued by ${issuer}, which the gateway does not know and whose certificate the receiver does not send`
    default:
      return `for ${subject} cannot be verified`
  }
}

const nameOf = (name: Partial<PeerCertificate['subject']> | undefined): string =>
  JSON.stringify(String(name?.CN ?? name?.O ?? 'nobody').slice(0, 100))

/** The names and addresses that the certificate is valid for; the first ones of many. */
function namesOf({ subjectaltname = '' }: PeerCertificate): string {
  const names = subjectaltname.split(', ').map((each) => each.replace(/^(DNS|IP Address):/, ''))
  return names.slice(0, 5).join(', ').slice(0, 200) + (names.length > 5 ? ', ...' : '')
}

/** @param instant as a certificate has it, such as `Jan  1 00:00:00 2026 GMT` */
function dayOf(instant: string): string {
  const date = new Date(instant)
  return Number.isNaN(date.getTime()) ? instant : date.toISOString().slice(0, 10)
}
