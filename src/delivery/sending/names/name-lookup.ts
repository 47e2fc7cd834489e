import type { LookupAddress } from 'node:dns'
import { type FoundAddresses, NameServers } from './name-servers'
import {
  fullNames,
  HOSTS_FILE,
  type NameSearch,
  parseHosts,
  parseNameSearch,
  RESOLVER_FILE,
} from './system-files'
import { watchedFile } from './watched-file'

/** Finds all addresses of a name. It must settle in the end. */
export type NameLookup = (hostname: string) => Promise<FoundAddresses>

export interface NameLookupOptions {
  /** `address` or `address:port`; default: those of the system */
  dnsServers?: string[] | undefined
  /** for all that is asked about one name */
  timeoutMs: number
  hostsFile?: string
  resolverFile?: string
}

const LOOPBACK: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * Looks up names as the system does: the hosts file first, then the name servers, names without enough dots completed. Not
 * `dns.lookup`, which runs in the four threads of libuv: a few names whose servers are silent would hold up all others.
 *
 * Not read: other sources of nsswitch.conf, such as multicast DNS.
 */
export function nameLookup({
  dnsServers,
  timeoutMs,
  hostsFile = HOSTS_FILE,
  resolverFile = RESOLVER_FILE,
}: NameLookupOptions): NameLookup {
  const hosts = watchedFile(hostsFile, parseHosts)
  // New settings get a new resolver, which reads the system's name servers again.
  const settings = watchedFile(resolverFile, (text): { search: NameSearch; servers: NameServers } => ({
    search: parseNameSearch(text),
    servers: new NameServers(dnsServers, timeoutMs),
  }))
  return async (hostname) => {
    const name = hostname.toLowerCase()
    const bare = name.replace(/\.$/, '')
    const known = hosts().get(bare) ?? (isLocalhost(bare) ? LOOPBACK : undefined)
    if (known !== undefined) return { addresses: known, ttlMs: 0 }
    const { search, servers } = settings()
    return servers.find(fullNames(name, search))
  }
}

/** RFC 6761, 6.3: these names are loopback everywhere, and no server is asked. */
const isLocalhost = (name: string) => name === 'localhost' || name.endsWith('.localhost')
