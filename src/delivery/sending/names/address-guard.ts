import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { IsAddressAllowed } from '../../../endpoints/targets/address-policy'
import { BlockedAddressError, NameLookupError, NoNameServerError } from './name-errors'
import type { NameLookup } from './name-lookup'
import type { FoundAddresses } from './name-servers'

/** The longest time that an answer is used for, whatever the name server says. A receiver that moves is followed soon. */
const ANSWER_MAX_MS = 5_000
/** How long a name is not looked up again after a lookup has failed. */
const FAILURE_MS = 1_000
/** How many names are cached. */
const NAMES_MAX = 10_000

/** Finds the addresses of a host that deliveries may go to; at least one. Fails with an error of name-errors.ts. */
export type GuardedLookup = (hostname: string) => Promise<LookupAddress[]>

/**
 * This check protects the inner network; the validation of a saved target is only a courtesy to its owner. The check covers the
 * very addresses that the socket connects to: the caller connects to no other ones. So a name whose addresses change between two
 * lookups reaches no blocked address. TLS still verifies the host of the URL.
 */
export function addressGuard(isAddressAllowed: IsAddressAllowed, lookup: NameLookup): GuardedLookup {
  const resolve = cachedLookup(lookup)
  return async (hostname) => {
    // The URL parser has normalised the notation of a literal address.
    const family = isIP(hostname)
    const found = family === 0 ? await resolve(hostname) : [{ address: hostname, family }]
    const allowed = found.filter(({ address }) => isAddressAllowed(address))
    if (allowed.length === 0) throw new BlockedAddressError(blockedSentence(hostname, found))
    return allowed
  }
}

function blockedSentence(hostname: string, found: LookupAddress[]): string {
  const addresses = found.map(({ address }) => address)
  const shown = addresses.slice(0, 3).join(', ') + (addresses.length > 3 ? ', ...' : '')
  const subject = isIP(hostname) === 0 ? `The name ${hostname} leads to ${shown}` : `The target is ${shown}`
  return `${subject}, which is not a public address, and HOOKGATE_ALLOWED_NETWORKS does not allow it`
}

interface Cached {
  addresses: Promise<LookupAddress[]>
  /** infinity while the lookup runs */
  until: number
}

/** Looks up a name once for all sends that need it within a few seconds. */
function cachedLookup(lookup: NameLookup): GuardedLookup {
  const cached = new Map<string, Cached>()
  const ask = (hostname: string): Promise<LookupAddress[]> => {
    const entry: Cached = { addresses: Promise.resolve([]), until: Number.POSITIVE_INFINITY }
    const keepFor = (ms: number) => {
      entry.until = performance.now() + ms
      if (ms <= 0 && cached.get(hostname) === entry) cached.delete(hostname)
    }
    entry.addresses = lookUp(lookup, hostname).then(
      ({ addresses, ttlMs }) => {
        keepFor(Math.min(ttlMs, ANSWER_MAX_MS))
        return addresses
      },
      (error) => {
        keepFor(FAILURE_MS)
        throw error
      },
    )
    if (cached.size >= NAMES_MAX) cached.clear()
    cached.set(hostname, entry)
    return entry.addresses
  }
  return (hostname) => {
    const entry = cached.get(hostname)
    return entry !== undefined && performance.now() < entry.until ? entry.addresses : ask(hostname)
  }
}

async function lookUp(lookup: NameLookup, hostname: string): Promise<FoundAddresses> {
  try {
    const found = await lookup(hostname)
    if (found.addresses.length === 0) throw new Error('the answer has no address')
    return found
  } catch (cause) {
    if (cause instanceof NoNameServerError) throw cause
    throw new NameLookupError(`The name ${hostname} could not be resolved: ${reasonOf(cause)}`, { cause })
  }
}

const REASONS: Record<string, string> = {
  ENOTFOUND: 'it does not exist',
  ENODATA: 'it has no address',
  ESERVFAIL: 'its name servers fail',
  EREFUSED: 'the name server refuses to answer',
  ETIMEOUT: 'no name server answered in time',
  EBADNAME: 'it is no valid name',
}

function reasonOf(error: unknown): string {
  const { code = '', message = '' } = error as NodeJS.ErrnoException
  const reason = REASONS[code] ?? (message || String(error))
  return code === '' || reason.includes(code) ? reason : `${reason} (${code})`
}
