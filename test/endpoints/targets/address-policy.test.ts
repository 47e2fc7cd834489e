import { addressPolicy } from '../../../src/endpoints/targets/address-policy'

/**
 * Networks that are not globally reachable by the special-purpose registries of the IANA (RFC 6890 and its updates up to
 * RFC 9780), multicast, and every IPv6 notation that contains an IPv4 address. Each with its first and its last address, then
 * the public addresses next to it.
 */
const NOT_PUBLIC: [network: string, first: string, last: string, ...outside: string[]][] = [
  ['0.0.0.0/8', '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0/16', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0/4', '224.0.0.0', '239.255.255.255', '223.255.255.255'],
  ['240.0.0.0/4', '240.0.0.0', '255.255.255.255'],
  ['::/96', '::', '::ffff:ffff', '::1:0:0'],
  ['::ffff:0:0/96', '::ffff:0.0.0.0', '::ffff:255.255.255.255', '::fffe:ffff:ffff', '::1:0:0:0'],
  ['::ffff:0:0:0/96', '::ffff:0:0:0', '::ffff:0:ffff:ffff', '::fffe:ffff:ffff:ffff', '::ffff:1:0:0'],
  ['64:ff9b::/96', '64:ff9b::', '64:ff9b::255.255.255.255', '64:ff9a:ffff::', '64:ff9b::1:0:0'],
  ['64:ff9b:1::/48', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', '64:ff9b:0:ffff::', '64:ff9b:2::'],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff', 'ff:ffff::', '100:0:0:2::'],
  ['100:0:0:1::/64', '100:0:0:1::', '100::1:ffff:ffff:ffff:ffff', '100:0:0:2::'],
  ['2001::/23', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff::', '2001:200::'],
  ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
  ['2002::/16', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff::', '2003::'],
  ['3fff::/20', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff::', '3fff:1000::'],
  ['5f00::/16', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '5eff:ffff::', '5f01::'],
  ['fc00::/7', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fbff:ffff::', 'fe00::'],
  ['fe80::/10', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fe7f:ffff::'],
  ['fec0::/10', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ff00::/8', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]

describe('without networks of the operator', () => {
  const isAllowed = addressPolicy([])

  it.each(NOT_PUBLIC.map(([network, first, last]) => [network, first, last]))(
    'no address of %s is allowed: %s to %s',
    (_network, first = '', last = '') => {
      expect(isAllowed(first)).toBe(false)
      expect(isAllowed(last)).toBe(false)
    },
  )

  it.each(NOT_PUBLIC.flatMap(([network, , , ...outside]) => outside.map((address) => [network, address])))(
    'an address just outside of %s is allowed: %s',
    (_network, address = '') => {
      expect(isAllowed(address)).toBe(true)
    },
  )

  it.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001:80e::200e'])(
    'a public address is allowed: %s',
    (address) => {
      expect(isAllowed(address)).toBe(true)
    },
  )

  it.each([
    ['IPv4-mapped, dotted', '::ffff:127.0.0.1'],
    ['IPv4-mapped, in hexadecimal', '::ffff:7f00:1'],
    ['IPv4-mapped, in full', '0:0:0:0:0:ffff:0a00:0001'],
    ['IPv4-mapped, metadata of a cloud', '::ffff:169.254.169.254'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-translated', '::ffff:0:10.0.0.1'],
    ['NAT64', '64:ff9b::10.0.0.1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['in capitals', 'FE80::1'],
    ['with a zone', 'fe80::1%eth0'],
    ['with leading zeros', '0000:0000:0000:0000:0000:0000:0000:0001'],
  ])('a private address in another notation is not allowed: %s', (_notation, address) => {
    expect(isAllowed(address)).toBe(false)
  })

  it.each([
    '',
    ' ',
    'localhost',
    'example.com',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '8.8.8.8 ',
  ])('a text that is not an address is not allowed: %j', (text) => {
    expect(isAllowed(text)).toBe(false)
  })
})

describe('a network that the operator allows', () => {
  it.each([
    ['127.0.0.0/8', '127.0.0.1'],
    ['127.0.0.0/8', '::ffff:127.0.0.1'],
    ['10.1.0.0/16', '10.1.255.255'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3/8', '10.200.0.1'],
    ['0.0.0.0/0', '192.168.0.1'],
    ['::1/128', '::1'],
    ['fd00::/8', 'fdff::1'],
    ['::/0', 'fe80::1'],
    ['::ffff:10.0.0.0/104', '::ffff:10.0.0.1'],
  ])('wins over the blocked networks: %s allows %s', (network, address) => {
    expect(addressPolicy([network])(address)).toBe(true)
  })

  it.each([
    ['10.1.0.0/16', '10.0.255.255'],
    ['10.1.0.0/16', '10.2.0.0'],
    ['10.1.2.3/32', '10.1.2.4'],
    ['127.0.0.0/8', '::1'],
    ['::1/128', '127.0.0.1'],
    ['::1/128', '::2'],
    ['fd00::/8', 'fc00::1'],
    ['fd00::/8', '10.0.0.1'],
    ['0.0.0.0/0', 'fd00::1'],
    ['::/0', '10.0.0.1'],
  ])('allows no other address: %s does not allow %s', (network, address) => {
    expect(addressPolicy([network])(address)).toBe(false)
  })

  it('leaves public addresses allowed', () => {
    expect(addressPolicy(['10.0.0.0/8'])('8.8.8.8')).toBe(true)
    expect(addressPolicy(['fd00::/8'])('2606:4700:4700::1111')).toBe(true)
  })

  it('may be one of several', () => {
    const isAllowed = addressPolicy(['10.1.0.0/16', '10.3.0.0/16', 'fd00::/8'])
    expect(['10.1.0.1', '10.2.0.1', '10.3.0.1', 'fd00::1'].map(isAllowed)).toEqual([true, false, true, true])
  })
})
