import { Peers } from '../../../../src/database/server/notifications/peers'

const IDS = Array.from({ length: 8 }, (_, nth) => `worker-${nth}`)
const SEEDS = Array.from({ length: 4_000 }, (_, nth) => String(nth))

/** The views of all workers, each of which knows all others. */
function allPeers(now = () => 0): Peers[] {
  return IDS.map((own) => {
    const peers = new Peers(own, now)
    for (const id of IDS) peers.add(id)
    return peers
  })
}

describe('the rank of a worker', () => {
  it('is another one for each of them, whatever the seed', () => {
    const views = allPeers()
    for (const seed of SEEDS.slice(0, 200)) {
      const ranks = views.map((peers) => peers.rank(seed)).sort()
      expect(ranks).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    }
  })

  it('is first for each of them about as often', () => {
    const firsts = allPeers().map((peers) => SEEDS.filter((seed) => peers.rank(seed) === 0).length)
    for (const count of firsts) {
      expect(count).toBeGreaterThan((SEEDS.length / IDS.length) * 0.8)
      expect(count).toBeLessThan((SEEDS.length / IDS.length) * 1.2)
    }
  })

  it('counts no worker that sends the notification itself', () => {
    const views = allPeers()
    for (const seed of SEEDS.slice(0, 200)) {
      const others = views.filter(({ own }) => own !== IDS[3])
      expect(others.map((peers) => peers.rank(seed, IDS[3])).sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    }
  })

  it('is 0 for the only one', () => {
    expect(SEEDS.map((seed) => new Peers('alone').rank(seed)).every((rank) => rank === 0)).toBe(true)
  })
})

describe('a worker', () => {
  it('is known once, and does not count itself', () => {
    const peers = new Peers('own', () => 0)
    expect([peers.add('other'), peers.add('other'), peers.add('own')]).toEqual([true, false, false])
    expect(peers.count).toBe(1)
  })

  it('that is gone does not count any more', () => {
    const peers = new Peers('own', () => 0)
    peers.add('other')
    peers.remove('other')
    expect(peers.count).toBe(0)
  })

  it('that announces nothing any more counts as dead after 12 s', () => {
    let now = 0
    const peers = new Peers('own', () => now)
    peers.add('silent')
    peers.add('alive')
    now = 11_000
    peers.add('alive')
    expect(peers.count).toBe(2)
    now = 13_000
    expect(peers.count).toBe(1)
    expect(peers.add('silent')).toBe(true)
  })
})
