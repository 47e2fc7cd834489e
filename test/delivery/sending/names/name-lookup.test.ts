import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressGuard } from '../../../../src/delivery/sending/names/address-guard'
import { nameLookup } from '../../../../src/delivery/sending/names/name-lookup'
import { type DnsAnswer, type DnsServer, startDnsServer } from '../../../support/dns-server'
import { until } from '../../../support/until'
import { closedPort, httpReceiver, testSender } from '../receivers'

const TIMEOUT_MS = 400

let folder: string
const servers: DnsServer[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookgate-names-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function dnsServer(names: Record<string, DnsAnswer>): Promise<DnsServer> {
  const server = await startDnsServer((name) => names[name] ?? 'unknown')
  servers.push(server)
  return server
}

interface Files {
  hosts?: string
  resolver?: string
}

function lookupBy(dnsServers: string[], { hosts = '', resolver = '' }: Files = {}) {
  const [hostsFile, resolverFile] = [join(folder, 'hosts'), join(folder, 'resolv.conf')]
  writeFileSync(hostsFile, hosts)
  writeFileSync(resolverFile, resolver)
  const find = nameLookup({ dnsServers, timeoutMs: TIMEOUT_MS, hostsFile, resolverFile })
  return {
    hostsFile,
    resolverFile,
    find: async (name: string) => (await find(name)).addresses.map(({ address }) => address),
  }
}

describe('a name', () => {
  it('has the addresses of both families, IPv4 first', async () => {
    const server = await dnsServer({ 'a.test': ['fd00::1', '10.0.0.1', '10.0.0.2'] })
    expect(await lookupBy([server.address]).find('A.test')).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1'])
  })

  it('with one family is not delayed by the silence of the server about the other one', async () => {
    const server = await dnsServer({})
    let queries = 0
    server.answer = () => {
      queries += 1
      return queries === 1 ? ['10.0.0.1'] : 'silent'
    }
    expect(await lookupBy([server.address]).find('a.test')).toEqual(['10.0.0.1'])
  })

  it.each<[DnsAnswer, string]>([
    ['unknown', 'ENOTFOUND'],
    ['failure', 'ESERVFAIL'],
    [[], 'ENODATA'],
  ])('about which the server says %j has no address', async (said, code) => {
    const server = await dnsServer({ 'a.test': said })
    await expect(lookupBy([server.address]).find('a.test')).rejects.toMatchObject({ code })
  })

  it('is known by the second server when the first one is dead', async () => {
    const server = await dnsServer({ 'a.test': ['10.0.0.1'] })
    const dead = `127.0.0.1:${await closedPort()}`
    expect(await lookupBy([dead, server.address]).find('a.test')).toEqual(['10.0.0.1'])
  })
})

describe('the hosts file', () => {
  const hosts =
    '# comment\n10.0.0.9\thooks.test  Other.Test # and more\nfd00::9 hooks.test\nnonsense hooks.test\n'

  it('is read first, and no server is asked', async () => {
    const server = await dnsServer({ 'hooks.test': ['10.0.0.1'] })
    const { find } = lookupBy([server.address], { hosts })
    expect(await find('hooks.test')).toEqual(['10.0.0.9', 'fd00::9'])
    expect(await find('HOOKS.test.')).toEqual(['10.0.0.9', 'fd00::9'])
    expect(await find('other.test')).toEqual(['10.0.0.9'])
    expect(server.queries).toEqual([])
  })

  it('is read again when it has changed', async () => {
    const server = await dnsServer({})
    const { find, hostsFile } = lookupBy([server.address], { hosts })
    expect(await find('hooks.test')).toEqual(['10.0.0.9', 'fd00::9'])
    writeFileSync(hostsFile, '10.0.0.10 hooks.test')
    await until(async () => (await find('hooks.test'))[0] === '10.0.0.10')
  })

  it('may be missing, and localhost is known without it', async () => {
    const server = await dnsServer({})
    const { find, hostsFile } = lookupBy([server.address])
    rmSync(hostsFile)
    expect(await find('localhost')).toEqual(['127.0.0.1', '::1'])
    expect(await find('app.localhost.')).toEqual(['127.0.0.1', '::1'])
    expect(server.queries).toEqual([])
  })
})

describe('a short name, as Kubernetes and Docker have them', () => {
  const resolver = 'nameserver 10.0.0.2\nsearch shop.svc.cluster.local svc.cluster.local\noptions ndots:5\n'

  it('is completed by the search domains', async () => {
    const server = await dnsServer({ 'receiver.svc.cluster.local': ['10.0.0.1'] })
    const { find } = lookupBy([server.address], { resolver })
    expect(await find('receiver')).toEqual(['10.0.0.1'])
    expect(new Set(server.queries)).toEqual(
      new Set(['receiver.shop.svc.cluster.local', 'receiver.svc.cluster.local']),
    )
  })

  it('is looked up as it is in the end, and alone when a dot ends it', async () => {
    const server = await dnsServer({ receiver: ['10.0.0.1'], 'hooks.example.test': ['10.0.0.3'] })
    const { find } = lookupBy([server.address], { resolver })
    expect(await find('receiver')).toEqual(['10.0.0.1'])
    expect(await find('hooks.example.test')).toEqual(['10.0.0.3'])
    server.queries.length = 0
    expect(await find('hooks.example.test.')).toEqual(['10.0.0.3'])
    expect(new Set(server.queries)).toEqual(new Set(['hooks.example.test']))
  })

  it('is looked up as it is without search domains', async () => {
    const server = await dnsServer({ receiver: ['10.0.0.1'] })
    expect(await lookupBy([server.address]).find('receiver')).toEqual(['10.0.0.1'])
  })

  it('follows a change of the settings', async () => {
    const server = await dnsServer({ 'receiver.b.test': ['10.0.0.1'] })
    const { find, resolverFile } = lookupBy([server.address], { resolver: 'search a.test' })
    await expect(find('receiver')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    writeFileSync(resolverFile, 'search b.test # moved')
    await until(async () => (await find('receiver').catch(() => [])).length === 1)
  })
})

describe('G2: a name whose server never answers', () => {
  it('is a failure of that name after a time-out of its own, and delays no other name', async () => {
    const server = await dnsServer({ 'good.test': ['10.0.0.1'] })
    const names = Array.from({ length: 10 }, (_, nth) => `silent-${nth}.test`)
    server.answer = (name) => (name.startsWith('silent') ? 'silent' : ['10.0.0.1'])
    const { find } = lookupBy([server.address])
    const order: string[] = []
    const silent = names.map((name) =>
      find(name).catch((error: { code: string }) => {
        order.push('silent')
        return error.code
      }),
    )
    await find('good.test').then(() => order.push('good'))
    expect(await Promise.all(silent)).toEqual(names.map(() => 'ETIMEOUT'))
    expect(order[0]).toBe('good')
  })

  it('is a failure of that name also when nothing else was asked: the server answers about the root', async () => {
    const server = await dnsServer({ 'silent.test': 'silent' })
    await expect(lookupBy([server.address]).find('silent.test')).rejects.toMatchObject({ code: 'ETIMEOUT' })
  })

  it('is the trouble of the gateway when its servers answer nothing at all', async () => {
    const server = await dnsServer({})
    server.answer = () => 'silent'
    const dead = `127.0.0.1:${await closedPort()}`
    for (const dnsServers of [[server.address], [dead], [dead, server.address]]) {
      await expect(lookupBy(dnsServers).find('any.test')).rejects.toMatchObject({ code: 'NO_NAME_SERVER' })
    }
  })
})

describe('a send', () => {
  it('to a name of the given servers arrives', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const server = await dnsServer({ 'hooks.example.test': ['127.0.0.1'] })
    const sender = testSender({ dnsServers: [server.address] })
    expect(await sender.post(`http://hooks.example.test:${receiver.port}`)).toMatchObject({ error: null })
  })

  it.each<[string, DnsAnswer, object]>([
    [
      'an unknown name',
      'unknown',
      { error: 'DNS', detail: expect.stringContaining('it does not exist (ENOTFOUND).') },
    ],
    [
      'a name of a dead zone',
      'silent',
      { error: 'DNS', detail: expect.stringContaining('no name server answered in time') },
    ],
  ])('to %s is a failure of that name', async (_, said, expected) => {
    const server = await dnsServer({ 'gone.test': said })
    const sender = testSender({ dnsServers: [server.address], timeoutMs: 2_000 })
    expect(await sender.post('http://gone.test')).toMatchObject({
      sentAt: null,
      isOwnTrouble: false,
      ...expected,
    })
  })

  it('without any name server is the trouble of the gateway', async () => {
    const sender = testSender({ dnsServers: [`127.0.0.1:${await closedPort()}`] })
    expect(await sender.post('http://any.test')).toMatchObject({
      error: 'ABORTED',
      isOwnTrouble: true,
      sentAt: null,
    })
  })
})

describe('an answer', () => {
  it('is used for a while, so that a thousand sends do not ask a thousand times', async () => {
    const server = await dnsServer({ 'a.test': ['10.0.0.1'] })
    server.ttlSeconds = 60
    const find = nameLookup({ dnsServers: [server.address], timeoutMs: TIMEOUT_MS })
    const guarded = addressGuard(() => true, find)
    for (let i = 0; i < 1_000; i += 1) expect(await guarded('a.test')).toHaveLength(1)
    expect(server.queries).toHaveLength(2)
  })

  it('with a TTL of 0 is used for the sends that wait for it, and looked up again then', async () => {
    const server = await dnsServer({ 'a.test': ['10.0.0.1'] })
    const guarded = addressGuard(
      () => true,
      nameLookup({ dnsServers: [server.address], timeoutMs: TIMEOUT_MS }),
    )
    await Promise.all([guarded('a.test'), guarded('a.test')])
    expect(server.queries).toHaveLength(2)
    server.answer = () => ['10.0.0.2']
    expect(await guarded('a.test')).toEqual([{ address: '10.0.0.2', family: 4 }])
  })
})
