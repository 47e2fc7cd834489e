import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { addressGuard } from '../../../../src/delivery/sending/names/address-guard'
import { BlockedAddressError } from '../../../../src/delivery/sending/names/name-errors'
import type { NameLookup } from '../../../../src/delivery/sending/names/name-lookup'
import type { FoundAddresses } from '../../../../src/delivery/sending/names/name-servers'
import { addressPolicy } from '../../../../src/endpoints/targets/address-policy'
import { closedPort, httpReceiver, SHORT_MS, testSender } from '../receivers'

const found = (...addresses: string[]): FoundAddresses => ({
  addresses: addresses.map((address): LookupAddress => ({ address, family: isIP(address) })),
  ttlMs: 0,
})

/** Answers one list after another, and the last one from then on. */
function lookupOf(...answers: string[][]) {
  const lookups: string[] = []
  const lookup: NameLookup = async (hostname) => {
    const answer = answers[Math.min(lookups.length, answers.length - 1)] ?? []
    lookups.push(hostname)
    await new Promise(setImmediate)
    return found(...answer)
  }
  return { lookups, lookup }
}

/** Listens on every address of 127.0.0.0/8, so that a connection to a wrong address would succeed. */
const receiverEverywhere = () => httpReceiver((_, response) => response.end('ok'), '0.0.0.0')

describe('a name that leads', () => {
  it('to an allowed address is sent to under its name', async () => {
    const hosts: unknown[] = []
    const receiver = await httpReceiver(({ headers }, response) => {
      hosts.push(headers.host)
      response.end()
    })
    const { lookups, lookup } = lookupOf(['127.0.0.1'])
    const sender = testSender({ lookup })
    expect(await sender.post(`http://hooks.example.test:${receiver.port}`)).toMatchObject({ error: null })
    expect(lookups).toEqual(['hooks.example.test'])
    expect(hosts).toEqual([`hooks.example.test:${receiver.port}`])
  })

  it('to inner addresses only is blocked: nothing connects, and the admin learns which addresses', async () => {
    const receiver = await receiverEverywhere()
    const { lookup } = lookupOf(['127.0.0.2', '127.0.0.3'])
    const result = await testSender({ lookup }).post(`http://inner.example.test:${receiver.port}`)
    expect(result).toMatchObject({
      error: 'BLOCKED_ADDRESS',
      sentAt: null,
      status: null,
      responseBody: null,
    })
    expect(result.detail).toBe(
      'The name inner.example.test leads to 127.0.0.2, 127.0.0.3, which is not a public address, ' +
        'and HOOKGATE_ALLOWED_NETWORKS does not allow it.',
    )
    expect(receiver.connections).toHaveLength(0)
  })

  it('to allowed and inner addresses is sent to at the allowed one only', async () => {
    const receiver = await receiverEverywhere()
    const { lookup } = lookupOf(['127.0.0.2', '::1', '127.0.0.1', '127.0.0.3'])
    const result = await testSender({ lookup }).post(`http://mixed.example.test:${receiver.port}`)
    expect(result).toMatchObject({ error: null, responseBody: 'ok' })
    expect(receiver.connections.map(({ localAddress }) => localAddress)).toEqual(['127.0.0.1'])
  })

  it('to an allowed address first and to an inner one at the next lookup is blocked then', async () => {
    const receiver = await httpReceiver(
      (_, response) => response.setHeader('Connection', 'close').end(),
      '0.0.0.0',
    )
    const { lookup } = lookupOf(['127.0.0.1'], ['127.0.0.2'])
    const sender = testSender({ lookup })
    const target = `http://flips.example.test:${receiver.port}`
    expect(await sender.post(target)).toMatchObject({ error: null })
    expect(await sender.post(target)).toMatchObject({ error: 'BLOCKED_ADDRESS', sentAt: null })
    expect(receiver.connections).toHaveLength(1)
  })

  it('to several allowed addresses is sent to at the one that answers', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const { lookup } = lookupOf(['127.0.0.2', '127.0.0.3', '127.0.0.1'])
    const sender = testSender({ lookup, isAddressAllowed: (address) => address.startsWith('127.') })
    const result = await sender.post(`http://many.example.test:${receiver.port}`)
    expect(result).toMatchObject({ error: null, responseBody: 'ok' })
  })

  it('to several addresses that all refuse is a failure of the connection', async () => {
    const { lookup } = lookupOf(['127.0.0.1', '127.0.0.2'])
    const sender = testSender({ lookup, isAddressAllowed: (address) => address.startsWith('127.') })
    const result = await sender.post(`http://many.example.test:${await closedPort()}`)
    expect(result).toMatchObject({
      error: 'CONNECTION',
      sentAt: null,
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('a lookup', () => {
  it.each<[string, NameLookup]>([
    ['fails', (name) => Promise.reject(Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))],
    ['finds nothing', async () => found()],
    [
      'throws',
      () => {
        throw new Error('no resolver')
      },
    ],
  ])('that %s is DNS, and nothing was sent', async (_, lookup) => {
    expect(await testSender({ lookup }).post('http://gone.example.test')).toMatchObject({
      error: 'DNS',
      sentAt: null,
      detail: expect.stringContaining('gone.example.test'),
    })
  })

  it('that hangs ends at the deadline, and its late answer opens no connection', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    let answer = () => {}
    const lookup: NameLookup = () =>
      new Promise((resolve) => {
        answer = () => resolve(found('127.0.0.1'))
      })
    const sender = testSender({ lookup, timeoutMs: SHORT_MS })
    const result = await sender.post(`http://slow.example.test:${receiver.port}`)
    expect(result).toMatchObject({ error: 'TIMEOUT', sentAt: null })
    answer()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(receiver.connections).toHaveLength(0)
  })

  it('runs once for all sends that wait for it, and again for the next connection', async () => {
    const receiver = await httpReceiver((_, response) => response.setHeader('Connection', 'close').end())
    const { lookups, lookup } = lookupOf(['127.0.0.1'])
    const sender = testSender({ lookup })
    const target = `http://busy.example.test:${receiver.port}`
    const results = await Promise.all(Array.from({ length: 10 }, () => sender.post(target)))
    expect(new Set(results.map(({ error }) => error))).toEqual(new Set([null]))
    expect(lookups).toHaveLength(1)
    expect(await sender.post(target)).toMatchObject({ error: null })
    expect(lookups).toHaveLength(2)
  })

  it('of the operating system knows localhost', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const result = await testSender().post(`http://localhost:${receiver.port}`)
    expect(result).toMatchObject({ error: null, responseBody: 'ok' })
  })
})

describe('when the operator allows no inner address', () => {
  it.each([
    ['dotted', '127.0.0.1'],
    ['dotted, with a dot at its end', '127.0.0.1.'],
    ['another address of the network', '127.255.255.254'],
    ['short', '127.1'],
    ['decimal', '2130706433'],
    ['hexadecimal', '0x7f000001'],
    ['hexadecimal in parts', '0x7f.0.0.0x1'],
    ['octal', '0177.0.0.1'],
    ['octal as a whole', '017700000001'],
    ['in full-width digits', '１２７.０.０.１'],
    ['in percent escapes', '%31%32%37.0.0.1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified, short', '0'],
    ['IPv6', '[::1]'],
    ['IPv6 in full', '[0:0:0:0:0:0:0:1]'],
    ['IPv6, unspecified', '[::]'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped, hexadecimal', '[::ffff:7f00:1]'],
    ['IPv4-compatible', '[::127.0.0.1]'],
    ['NAT64', '[64:ff9b::127.0.0.1]'],
    ['6to4', '[2002:7f00:1::]'],
    ['by name', 'localhost'],
    ['by name, with a dot at its end', 'localhost.'],
  ])('loopback is blocked: %s', async (_, host) => {
    const receiver = await receiverEverywhere()
    const sender = testSender({ isAddressAllowed: addressPolicy([]) })
    const result = await sender.post(`http://${host}:${receiver.port}/`)
    // A machine may not know the name or its dotted form. No machine may connect.
    expect(host.startsWith('localhost') ? ['BLOCKED_ADDRESS', 'DNS'] : ['BLOCKED_ADDRESS']).toContain(
      result.error,
    )
    expect(result.sentAt).toBeNull()
    expect(receiver.connections).toHaveLength(0)
  })

  it.each(['169.254.169.254', '10.0.0.1', '100.100.100.200', '[fd00:ec2::254]', '[fe80::1]'])(
    'the inner network is blocked: %s',
    async (host) => {
      const sender = testSender({ isAddressAllowed: addressPolicy([]) })
      expect(await sender.post(`https://${host}/latest/meta-data/`)).toMatchObject({
        error: 'BLOCKED_ADDRESS',
      })
    },
  )
})

const hasIPv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
)

;(hasIPv6 ? it : it.skip)('an allowed IPv6 address is sent to', async () => {
  const receiver = await httpReceiver((_, response) => response.end('ok'), '::1')
  const sender = testSender({ isAddressAllowed: addressPolicy(['::1/128']) })
  expect(await sender.post(`http://[::1]:${receiver.port}`)).toMatchObject({
    error: null,
    responseBody: 'ok',
  })
})

describe('for any result of a lookup', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('', 'localhost', '127.1', '8.8.8.8 ', '8.8.8.8'),
  )

  it('a socket gets allowed addresses only', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(address), fc.func(fc.boolean()), async (addresses, isAddressAllowed) => {
        const allowed = addresses.filter((each) => isAddressAllowed(each))
        const guarded = addressGuard(isAddressAllowed, lookupOf(addresses).lookup)
        const handed = await guarded('any.example.test').catch((error: unknown) => error)
        if (allowed.length > 0) expect(handed).toEqual(found(...allowed).addresses)
        else if (addresses.length > 0) expect(handed).toBeInstanceOf(BlockedAddressError)
        else expect(handed).toMatchObject({ code: 'NAME_LOOKUP' })
      }),
    )
  })
})
