/** Where a request goes, taken from a target. */
export interface Destination {
  isTls: boolean
  /** to look up, as the target has it: a name, perhaps with a dot at its end, or an address without brackets */
  hostname: string
  /** `hostname` without a dot at its end: the name that a certificate must be for */
  name: string
  port: number
  /** the Host header */
  host: string
  /** scheme, host and port */
  origin: string
  /** path and query, percent-encoded */
  path: string
}

/** How many targets are cached: sends to one target follow each other, and parsing it costs more than finding it. */
const CACHED_MAX = 1_000
const cached = new Map<string, Destination>()

/** @throws TypeError when the target is not an absolute http or https URL */
export function destinationOf(target: string): Destination {
  const known = cached.get(target)
  if (known !== undefined) return known
  const destination = parsed(target)
  if (cached.size >= CACHED_MAX) cached.clear()
  cached.set(target, destination)
  return destination
}

function parsed(target: string): Destination {
  const { protocol, hostname, port, host, origin, pathname, search } = new URL(target)
  const isTls = protocol === 'https:'
  if (!isTls && protocol !== 'http:') throw new TypeError('A target must be an http or https URL')
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return {
    isTls,
    hostname: bare,
    name: bare.endsWith('.') ? bare.slice(0, -1) : bare,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    host,
    origin,
    path: pathname + search,
  }
}
