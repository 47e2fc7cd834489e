import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { buildConnector } from 'undici'
import type { IsAddressAllowed } from '../../endpoints/targets/address-policy'

/** No address that the target stands for may be used. Tells nothing of what was found: that is the inner network. */
export class BlockedAddressError extends Error {
  override name = 'BlockedAddressError'
  readonly code = 'BLOCKED_ADDRESS'

  constructor() {
    super('The target leads to no address that deliveries may go to')
  }
}

/** The target's name could not be resolved; `cause` is what the lookup said. */
export class NameLookupError extends Error {
  override name = 'NameLookupError'
  readonly code = 'NAME_LOOKUP'
}

/** Every address of a name, as `dns.lookup` with `all: true` gives them. It must call back, sooner or later. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

export interface AddressGuardOptions {
  isAddressAllowed: IsAddressAllowed
  /** default: the system's, which knows /etc/hosts and the like */
  lookup?: LookupAll
}

/**
 * Guards a connector; what that one returns, the guarded one returns too.
 *
 * @param connectorWith makes the connector to be guarded; names must be looked up by the given lookup alone
 */
export type AddressGuard = (
  connectorWith: (lookup: LookupFunction) => buildConnector.connector,
) => buildConnector.connector

/**
 * The check that protects the inner network; the one at saving a target is a courtesy. What is judged is what the
 * socket connects to: every answer to the lookup for a connection is judged, and the socket gets no other address, so
 * a name that changes between two lookups gains nothing. TLS still asks for the URL's host: only its addresses are
 * chosen.
 *
 * A guarded connection fails with BlockedAddressError, with NameLookupError, or as Node's sockets fail.
 */
export function addressGuard({ isAddressAllowed, lookup = systemLookup }: AddressGuardOptions): AddressGuard {
  const filteredLookup = guardedLookup(isAddressAllowed, sharedLookup(lookup))
  return (connectorWith) => {
    const connect = connectorWith(filteredLookup)
    return (target, callback) => {
      // Sockets look up names alone. The URL parser has folded every notation of an address into the plain one.
      if (isIP(target.hostname) !== 0 && !isAddressAllowed(target.hostname)) {
        process.nextTick(callback, new BlockedAddressError(), null)
        return
      }
      return connect(target, callback)
    }
  }
}

function guardedLookup(
  isAddressAllowed: IsAddressAllowed,
  resolve: (hostname: string) => Promise<LookupAddress[]>,
): LookupFunction {
  return async (hostname, { all }, callback) => {
    try {
      const allowed = judged(await resolve(hostname), isAddressAllowed)
      // Outside of this stack: what a socket throws is not a failed lookup.
      process.nextTick(() =>
        all ? callback(null, allowed) : callback(null, allowed[0].address, allowed[0].family),
      )
    } catch (error) {
      process.nextTick(callback, error, [])
    }
  }
}

/** @throws BlockedAddressError when no address is left */
function judged(
  addresses: LookupAddress[],
  isAddressAllowed: IsAddressAllowed,
): [LookupAddress, ...LookupAddress[]] {
  const [first, ...others] = addresses.filter(({ address }) => isAddressAllowed(address))
  if (first === undefined) throw new BlockedAddressError()
  return [first, ...others]
}

/**
 * Asks once for a name however many connections wait for it. The system's lookups run two at a time (libuv keeps
 * half of its four threads from them), so the ten sends of one name that hangs would hold up all other names. No
 * answer is kept after it came: the next connection asks anew.
 */
function sharedLookup(lookup: LookupAll): (hostname: string) => Promise<LookupAddress[]> {
  const underWay = new Map<string, Promise<LookupAddress[]>>()
  const ask = async (hostname: string) => {
    try {
      const addresses = await new Promise<LookupAddress[]>((resolve, reject) => {
        lookup(hostname, { all: true }, (error, found) => (error ? reject(error) : resolve(found)))
      })
      if (addresses.length === 0) throw new Error('the name has no address')
      return addresses
    } catch (cause) {
      throw new NameLookupError(`The name ${hostname} could not be resolved`, { cause })
    } finally {
      underWay.delete(hostname)
    }
  }
  return (hostname) => {
    const answer = underWay.get(hostname) ?? ask(hostname)
    underWay.set(hostname, answer)
    return answer
  }
}
