import { existsSync, readFileSync } from 'node:fs'
import tls, { type ConnectionOptions } from 'node:tls'
import {
  type DatabaseAddress,
  DatabaseAddressError,
  type HostAndPort,
  type TlsMode,
} from './database-address'

/** How to encrypt a connection; false = not at all. */
export type Encryption = ConnectionOptions | false

/** Where Debian, Alpine, Fedora and macOS keep the certificates of the authorities that the system trusts. */
const SYSTEM_CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/**
 * The ways to connect to a host, in the order in which they are tried: sslmode as libpq has it (PostgreSQL's documentation,
 * 34.19.3). `require` and less encrypt without looking at the certificate, unless a root certificate is named.
 *
 * Without sslmode it is `prefer`; on this machine `allow`, because both encrypt or do not without anybody's guarantee, and
 * encrypting the loopback device costs CPU time for nothing.
 *
 * @throws DatabaseAddressError when a file cannot be read
 */
export function encryptionsFor({ host }: HostAndPort, address: DatabaseAddress): Encryption[] {
  // As in libpq, a unix socket is never encrypted.
  if (host.startsWith('/')) return [false]
  const encrypted = address.channelBinding === 'require'
  const mode = address.tls.mode ?? (encrypted ? 'require' : isLoopback(host) ? 'allow' : 'prefer')
  const options = mode === 'disable' ? false : tlsOptions(modeWithRoot(mode, address), address)
  if (mode === 'disable') return [false]
  if (mode === 'allow' && !encrypted) return [false, options]
  if (mode === 'prefer' && !encrypted) return [options, false]
  return [options]
}

const isLoopback = (host: string) => /^(localhost|127\.[\d.]+|::1)$/.test(host)

/** As in libpq, a root certificate turns `require` into `verify-ca`, and `system` means `verify-full`. */
function modeWithRoot(mode: TlsMode, { tls: { rootCert, mode: given } }: DatabaseAddress): TlsMode {
  if (rootCert === 'system') {
    if (given !== undefined && given !== 'verify-full') {
      throw new DatabaseAddressError('must have sslmode=verify-full with sslrootcert=system')
    }
    return 'verify-full'
  }
  return mode === 'require' && rootCert !== undefined ? 'verify-ca' : mode
}

function tlsOptions(mode: TlsMode, { tls: request }: DatabaseAddress): ConnectionOptions {
  const { rootCert, cert, key, keyPassword, minVersion } = request
  return {
    ca:
      rootCert === undefined
        ? undefined
        : rootCert === 'system'
          ? systemRoots()
          : read('sslrootcert', rootCert),
    cert: cert && read('sslcert', cert),
    key: key && read('sslkey', key),
    passphrase: keyPassword,
    minVersion,
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  }
}

function systemRoots(): string[] {
  // Newer versions of Node read what the system keeps by themselves.
  const { getCACertificates } = tls as { getCACertificates?: (kind: 'system') => string[] }
  const files = SYSTEM_CERTIFICATES.filter((file) => existsSync(file)).slice(0, 1)
  return [
    ...tls.rootCertificates,
    ...(getCACertificates?.('system') ?? files.map((file) => readFileSync(file, 'utf8'))),
  ]
}

function read(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DatabaseAddressError(`names a file as ${parameter} that cannot be read: ${path} (${code})`)
  }
}
