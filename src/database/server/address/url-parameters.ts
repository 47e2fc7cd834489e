import { DatabaseAddressError, type TlsMode, type TlsRequest, unreadable } from './database-address'

/**
 * Parameters that mean nothing for the gateway: limits and time-outs that it has of its own, and names of other drivers. Parameters
 * that would make a connection safer are not among them: who sets one must not believe that it counts.
 */
const WITHOUT_MEANING = [
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslsni',
  'sslnegotiation',
  'gssencmode',
  'uselibpqcompat',
  // Prisma's
  'connection_limit',
  'pool_timeout',
  'socket_timeout',
  'statement_cache_size',
  'pgbouncer',
  'max_connection_lifetime',
  'max_idle_connection_lifetime',
]

const WITH_MEANING = [
  'user',
  'password',
  'dbname',
  'host',
  'hostaddr',
  'port',
  'schema',
  'options',
  'target_session_attrs',
  'load_balance_hosts',
  'connect_timeout',
  'channel_binding',
  'ssl',
  'sslmode',
  'sslaccept',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'ssl_min_protocol_version',
]

/**
 * Whether a text is the query of an address. What follows an @ and a question mark in a password looks like a query
 * as well, so where another @ follows, the names must be known.
 */
export function areParameters(query: string): boolean {
  const names = query === '' ? [] : query.split('&').map((pair) => /^([a-z_]+)=/.exec(pair)?.[1])
  const known = [...WITH_MEANING, ...WITHOUT_MEANING]
  return names.every((name) => name !== undefined && (!query.includes('@') || known.includes(name)))
}

const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** The parameters of an address, each taken once. A parameter that nobody takes is refused. */
export class UrlParameters {
  readonly #given = new Map<string, string>()

  /** @throws DatabaseAddressError */
  constructor(query: string) {
    for (const pair of query === '' ? [] : query.split('&')) {
      const [name = '', ...value] = pair.split('=')
      this.#given.set(name, decode(value.join('=')))
    }
  }

  take(name: string): string | undefined {
    const value = this.#given.get(name)
    this.#given.delete(name)
    return value
  }

  /** @throws DatabaseAddressError that lists the values */
  choice<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const given = this.take(name)
    const value = values.find((each) => each === given)
    if (given !== undefined && value === undefined) {
      throw new DatabaseAddressError(`must have as ${name} one of: ${values.join(', ')}`)
    }
    return value
  }

  tls(): TlsRequest {
    return {
      mode: this.#tlsMode(),
      rootCert: this.take('sslrootcert'),
      cert: this.take('sslcert'),
      key: this.take('sslkey'),
      keyPassword: this.take('sslpassword'),
      minVersion: this.choice('ssl_min_protocol_version', ['TLSv1.2', 'TLSv1.3']),
    }
  }

  /** `ssl` is what other drivers have beside sslmode, `sslaccept` what Prisma had. */
  #tlsMode(): TlsMode | undefined {
    if (this.choice('sslaccept', ['strict', 'accept_invalid_certs']) === 'strict') {
      this.take('sslmode')
      return 'verify-full'
    }
    // A mode of node-postgres: encrypted, by whatever certificate.
    if (this.#given.get('sslmode') === 'no-verify') this.#given.set('sslmode', 'require')
    const ssl = this.choice('ssl', ['true', 'false', '1', '0'])
    const mode = this.choice('sslmode', TLS_MODES)
    return mode ?? (ssl && (['true', '1'].includes(ssl) ? 'require' : 'disable'))
  }

  /** The time limit of connecting, undefined = none given. As in libpq, a limit of one second is too short to be meant. */
  connectTimeoutMs(): number | undefined {
    const seconds = this.take('connect_timeout') ?? '0'
    if (!/^\d{1,4}$/.test(seconds)) throw new DatabaseAddressError('must have as connect_timeout seconds')
    return Number(seconds) === 0 ? undefined : Math.max(Number(seconds), 2) * 1_000
  }

  /** @throws DatabaseAddressError that names the parameters that are left */
  refuseOthers(): void {
    for (const name of WITHOUT_MEANING) this.#given.delete(name)
    const [name] = this.#given.keys()
    if (name !== undefined)
      throw new DatabaseAddressError(`has the parameter ${name}, which has no meaning here`)
  }
}

/** A percent sign that starts no code means itself. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'))
  } catch {
    throw unreadable()
  }
}
