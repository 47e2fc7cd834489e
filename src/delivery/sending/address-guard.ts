import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { buildConnector } from 'undici'
import type { IsAddressAllowed } from '../../endpoints/targets/address-policy'

/** The target leads to no allowed address. The message names no address, because it may be one of the inner network. */
export class BlockedAddressError extends Error {
  override name = 'BlockedAddressError'
  readonly code = 'BLOCKED_ADDRESS'

  constructor() {
    super('The target leads to no address that deliveries may go to')
  }
}

/** The target's name could not be resolved; `cause` is the error of the lookup. */
export class NameLookupError extends Error {
  override name = 'NameLookupError'
  readonly code = 'NAME_LOOKUP'
}

/** Looks up every address of a name, as `dns.lookup` does with `all: true`. It must call back in the end. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

export interface AddressGuardOptions {
  isAddressAllowed: IsAddressAllowed
  /** default: the lookup of the operating system, which also reads /etc/hosts */
  lookup?: LookupAll
}

/**
 * Guards a connector. The guarded connector returns what the connector itself returns.
 *
 * @param connectorWith creates the connector, which must look up names by the given lookup only
 */
export type AddressGuard = (
  connectorWith: (lookup: LookupFunction) => buildConnector.connector,
) => buildConnector.connector

/**
 * This check protects the inner network; the validation of a saved target is only a courtesy to its owner. The check covers the
 * very addresses that the socket connects to: every address that the lookup for a connection returns is checked, and the
 * socket gets the allowed ones only. So a name whose addresses change between two lookups reaches no blocked address. TLS
 * still verifies the host of the URL.
 *
 * A guarded connection fails with BlockedAddressError, with NameLookupError, or with an error of Node's sockets.
 */
export function addressGuard({ isAddressAllowed, lookup = systemLookup }: AddressGuardOptions): AddressGuard {
  const filteredLookup = guardedLookup(isAddressAllowed, sharedLookup(lookup))
  return (connectorWith) => {
    const connect = connectorWith(filteredLookup)
    return (target, callback) => {
      // A socket looks up names only, so check a literal address here. The URL parser has normalised its notation.
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
      const allowed = allowedOf(await resolve(hostname), isAddressAllowed)
      // Outside of this try block: an error that the socket throws is not a failed lookup.
      process.nextTick(() =>
        all ? callback(null, allowed) : callback(null, allowed[0].address, allowed[0].family),
      )
    } catch (error) {
      process.nextTick(callback, error, [])
    }
  }
}

/** @throws BlockedAddressError when no address is left */
function allowedOf(
  addresses: LookupAddress[],
  isAddressAllowed: IsAddressAllowed,
): [LookupAddress, ...LookupAddress[]] {
  const [first, ...others] = addresses.filter(({ address }) => isAddressAllowed(address))
  if (first === undefined) throw new BlockedAddressError()
  return [first, ...others]
}

/**
 * Looks up a name once for all connections that wait for it. The system runs two lookups at a time (libuv reserves half of its
 * four threads for other work), so ten sends to one name that hangs would delay all other names. An answer is not cached: the
 * next connection looks the name up again.
 */
function sharedLookup(lookup: LookupAll): (hostname: string) => Promise<LookupAddress[]> {
  const running = new Map<string, Promise<LookupAddress[]>>()
  const lookUp = async (hostname: string) => {
    try {
      const addresses = await new Promise<LookupAddress[]>((resolve, reject) => {
        lookup(hostname, { all: true }, (error, found) => (error ? reject(error) : resolve(found)))
      })
      if (addresses.length === 0) throw new Error('the name has no address')
      return addresses
    } catch (cause) {
      throw new NameLookupError(`The name ${hostname} could not be resolved`, { cause })
    } finally {
      running.delete(hostname)
    }
  }
  return (hostname) => {
    const addresses = running.get(hostname) ?? lookUp(hostname)
    running.set(hostname, addresses)
    return addresses
  }
}
