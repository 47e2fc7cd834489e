/** A server of an address. */
export interface HostAndPort {
  /** a name, an IP address, or the folder of a unix socket, with a slash first */
  host: string
  port: number
}

/** What the server must be for a connection to it, as libpq's target_session_attrs says it. */
export type TargetSession = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby'

export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** TLS as the address requires it; files are paths. */
export interface TlsRequest {
  /** undefined = the address does not say */
  mode: TlsMode | undefined
  /** certificates of the authorities that are trusted; `system` = those of the system */
  rootCert: string | undefined
  cert: string | undefined
  key: string | undefined
  keyPassword: string | undefined
  minVersion: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/** A database on one server, or on one of several servers that replace each other. */
export interface DatabaseAddress {
  hosts: HostAndPort[]
  user: string | undefined
  password: string | undefined
  database: string | undefined
  /** the schema of the tables; undefined = the first of the search_path */
  schema: string | undefined
  /** command-line options for the server, such as `-c work_mem=8MB` */
  options: string | undefined
  targetSession: TargetSession | undefined
  /** whether the hosts are tried in a random order */
  isBalanced: boolean
  tls: TlsRequest
  /** the time limit of connecting to one host; undefined = the gateway's own */
  connectTimeoutMs: number | undefined
  /** SCRAM tied to the TLS connection */
  channelBinding: 'disable' | 'prefer' | 'require'
}

/** An address that cannot be used. Its message completes `DATABASE_URL ...`, and repeats nothing that may be a part of a password. */
export class DatabaseAddressError extends Error {
  override name = 'DatabaseAddressError'
}

export const unreadable = (): DatabaseAddressError =>
  new DatabaseAddressError(
    'must be an address such as postgresql://user:password@host:5432/database (in a password, write @ as %40, / as %2F, # as %23, : as %3A)',
  )

/** The hosts of an address for people, such as `db1:5432, db2:5432`. Holds neither user nor password. */
export const placeOf = ({ hosts }: Pick<DatabaseAddress, 'hosts'>): string =>
  hosts.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)).join(', ')
