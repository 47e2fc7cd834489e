import { existsSync } from 'node:fs'
import { type DatabaseAddress, DatabaseAddressError, type HostAndPort, unreadable } from './database-address'
import { areParameters, decode, UrlParameters } from './url-parameters'

const DEFAULT_PORT = 5432

/**
 * Parses the forms of an address that libpq takes (PostgreSQL's documentation, 34.1.1.2): several hosts, folders of unix sockets,
 * parameters in the query. Also takes a password with characters that should have been percent-encoded, where the address can be
 * read in one way only: the user part ends at the first @ behind which the rest is an address.
 *
 * @throws DatabaseAddressError
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const scheme = /^postgres(ql)?:\/\//.exec(url)
  if (!scheme) throw new DatabaseAddressError('must be a postgresql:// address')
  const rest = url.slice(scheme[0].length)
  const { user, password, place } = split(rest)
  const { hosts, path, query } = place
  const given = new UrlParameters(query)
  const credentials = {
    user: given.take('user') ?? user,
    password: given.take('password') ?? password,
    database: given.take('dbname') ?? (path || undefined),
  }
  const address: DatabaseAddress = {
    ...credentials,
    hosts: hostsOf(given.take('host') ?? given.take('hostaddr'), given.take('port'), hosts),
    schema: schemaOf(given.take('schema')),
    options: given.take('options'),
    targetSession: given.choice('target_session_attrs', TARGETS),
    isBalanced: given.choice('load_balance_hosts', ['disable', 'random']) === 'random',
    tls: given.tls(),
    connectTimeoutMs: given.connectTimeoutMs(),
    channelBinding: given.choice('channel_binding', ['disable', 'prefer', 'require']) ?? 'prefer',
  }
  given.refuseOthers()
  return address
}

const TARGETS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const

interface Place {
  /** as written, such as `db1:5432,db2` */
  hosts: string
  path: string
  query: string
}

/** Splits what follows `postgresql://` into the user part and the rest. */
function split(rest: string): { user?: string; password?: string; place: Place } {
  // An @ of the query is none of a user.
  const whole = rest.split('?', 1)[0]?.includes('@') ? undefined : placeIn(rest)
  if (whole) return { place: whole }
  for (let at = rest.indexOf('@'); at >= 0; at = rest.indexOf('@', at + 1)) {
    const place = placeIn(rest.slice(at + 1))
    if (!place) continue
    const [user = '', ...password] = rest.slice(0, at).split(':')
    return {
      user: decode(user) || undefined,
      password: password.length > 0 ? decode(password.join(':')) : undefined,
      place,
    }
  }
  throw unreadable()
}

const HOST = String.raw`(?:\[[0-9A-Fa-f:.%]+\]|(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*)(?::\d{0,5})?`
const PLACE = new RegExp(
  String.raw`^(?<hosts>${HOST}(?:,${HOST})*)(?:/(?<path>[^/?#@]*))?(?:\?(?<query>[^#]*))?$`,
)
function placeIn(text: string): Place | undefined {
  const match = PLACE.exec(text)?.groups
  if (!match) return undefined
  const { hosts = '', path = '', query = '' } = match
  return areParameters(query) ? { hosts, path: decode(path), query } : undefined
}

/** One port for all hosts, or one for each; an empty one is the default. */
function hostsOf(names: string | undefined, ports: string | undefined, written: string): HostAndPort[] {
  const fromUrl = written.split(',').map((text) => {
    const port = /:(\d*)$/.exec(text)?.[1] ?? ''
    const host = text.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
    return { host: decode(host), port }
  })
  const hosts = names === undefined ? fromUrl.map(({ host }) => host) : names.split(',')
  const given = ports === undefined ? fromUrl.map(({ port }) => port) : ports.split(',')
  if (given.length !== 1 && given.length !== hosts.length) {
    throw new DatabaseAddressError('must name one port, or one for each of its hosts')
  }
  return hosts.map((host, nth) => {
    const port = portOf(given.length === 1 ? given[0] : given[nth])
    return { host: host || localHost(port), port }
  })
}

/** Prisma writes the name between quotation marks as it is. */
function schemaOf(name: string | undefined): string | undefined {
  if (name?.includes('"')) throw new DatabaseAddressError('must name a schema without quotation marks')
  return name || undefined
}

function portOf(text: string | undefined): number {
  if (!text) return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new DatabaseAddressError('must name a port from 1 to 65535')
  return port
}

/** Without a host, libpq takes the unix socket of the server on this machine. */
function localHost(port: number): string {
  const folders = ['/var/run/postgresql', '/tmp']
  return folders.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'
}
