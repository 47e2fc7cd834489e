import { BlockList, isIP } from 'node:net'

/**
 * Networks that are blocked unless the operator allows them: the networks that are not globally reachable by the IANA
 * special-purpose registries (RFC 6890 and its updates), multicast, and every IPv6 notation that contains an IPv4 address.
 */
const NOT_PUBLIC = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relay
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '::/96', // unspecified, loopback, IPv4-compatible
  '::ffff:0:0/96', // IPv4-mapped
  '::ffff:0:0:0/96', // IPv4-translated
  '64:ff9b::/96', // NAT64
  '64:ff9b:1::/48', // local NAT64
  '100::/64', // discard
  '100:0:0:1::/64', // dummy prefix
  '2001::/23', // IETF protocol assignments, Teredo, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
  'fc00::/7', // unique local
  'fe80::/10', // link-local
  'fec0::/10', // site-local
  'ff00::/8', // multicast
]

/** Reports whether a delivery may be sent to this literal IP address. */
export type IsAddressAllowed = (address: string) => boolean

/** @param allowedNetworks CIDRs of the operator; they win over the blocked networks */
export function addressPolicy(allowedNetworks: string[]): IsAddressAllowed {
  const isBlocked = networks(NOT_PUBLIC)
  const isAllowed = networks(allowedNetworks)
  return (address) => isIP(address) !== 0 && (isAllowed(address) || !isBlocked(address))
}

/**
 * Returns a function that reports whether an address is in one of the networks. BlockList also compares an IPv4 address with IPv6
 * networks, in its IPv4-mapped form. IPv6 networks therefore have a list of their own, which is not used for IPv4
 * addresses. An IPv6 address is checked against both: `::ffff:127.0.0.1` is in `127.0.0.0/8`.
 */
function networks(cidrs: string[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/')
    const family = familyOf(address)
    lists[family].addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    const family = familyOf(address)
    return lists.ipv4.check(address, family) || (family === 'ipv6' && lists.ipv6.check(address, family))
  }
}

const familyOf = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')
