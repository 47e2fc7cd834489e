import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

export const HOSTS_FILE =
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'
export const RESOLVER_FILE = '/etc/resolv.conf'

/** The addresses of each name in lower case, as hosts(5) has it. */
export function parseHosts(text: string): Map<string, LookupAddress[]> {
  const hosts = new Map<string, LookupAddress[]>()
  for (const line of linesOf(text)) {
    const [address = '', ...names] = line.split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names.map((each) => each.toLowerCase())) {
      hosts.set(name, [...(hosts.get(name) ?? []), { address, family }])
    }
  }
  return hosts
}

/** How the system completes names, as resolv.conf(5) has it. */
export interface NameSearch {
  domains: string[]
  /** a name with fewer dots is completed first, and tried as it is last */
  leastDots: number
}

export function parseNameSearch(text: string): NameSearch {
  const search: NameSearch = { domains: [], leastDots: 1 }
  for (const line of linesOf(text)) {
    const [keyword, ...values] = line.split(/\s+/)
    // The last of several lines counts.
    if (keyword === 'search' || keyword === 'domain') search.domains = values.filter((each) => each !== '.')
    if (keyword !== 'options') continue
    const dots = values.findLast((value) => /^ndots:\d+$/.test(value))
    if (dots !== undefined) search.leastDots = Number(dots.slice('ndots:'.length))
  }
  return search
}

/**
 * The full names to look up, in order. Kubernetes gives its pods search domains and `ndots:5`, so a target such as
 * http://receiver:8080 needs them; Docker's own name server knows its names as they are.
 */
export function fullNames(name: string, { domains, leastDots }: NameSearch): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const completed = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`)
  return name.split('.').length > leastDots ? [name, ...completed] : [...completed, name]
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim())
    .filter((line) => line !== '')
