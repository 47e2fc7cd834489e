import type { ClaimedDelivery } from '../../../../src/delivery/queue/claims/claim-deliveries'
import { ClaimedDeparture } from '../../../../src/delivery/queue/departures/claimed-departure'

const delivery = { id: 1n, endpointId: 1 } as ClaimedDelivery

/** A departure whose check passes, unless a test says otherwise. */
const claimed = (check = (departure: ClaimedDeparture) => departure.release()) =>
  new ClaimedDeparture(delivery, async (departure) => check(departure))

/** True when the transaction that holds the endpoint may end. */
async function mayEndTransaction(departure: ClaimedDeparture): Promise<boolean> {
  let isOver = false
  void departure.writtenOrWaiting().then(() => {
    isOver = true
  })
  await new Promise(setImmediate)
  return isOver
}

describe('the transaction of a claim', () => {
  it('lasts until the request is written', async () => {
    const departure = claimed()
    expect(await mayEndTransaction(departure)).toBe(false)
    departure.onLeaving()
    expect(await mayEndTransaction(departure)).toBe(true)
    expect(departure.phase).toBe('left')
  })

  it('ends as soon as a connection must be opened, or the send ends', async () => {
    const [connecting, ended] = [claimed(), claimed()]
    connecting.onConnecting()
    ended.end()
    expect(await Promise.all([connecting, ended].map(mayEndTransaction))).toEqual([true, true])
  })
})

describe('a request whose connection was opened', () => {
  it('is written in the transaction of the check that it has passed', async () => {
    const departure = claimed()
    departure.onConnecting()
    expect(await departure.mayLeave()).toBe(true)
    expect(departure.phase).toBe('released')
    expect(await mayEndTransaction(departure)).toBe(false)
    departure.onLeaving()
    expect(await mayEndTransaction(departure)).toBe(true)
  })

  it('is withdrawn when the check has not passed, or its send ends during the check', async () => {
    const refused = claimed(() => false)
    refused.onConnecting()
    expect(await refused.mayLeave()).toBe(false)
    refused.end()
    expect(refused.phase).toBe('withdrawn')

    const late = claimed((departure) => {
      departure.end()
      return departure.release()
    })
    late.onConnecting()
    expect(await late.mayLeave()).toBe(false)
    expect(late.phase).toBe('withdrawn')
  })

  it('is checked again when the connection is lost before the request is written', async () => {
    let checks = 0
    const departure = claimed((each) => {
      checks += 1
      return each.release()
    })
    for (let nth = 1; nth <= 2; nth += 1) {
      departure.onConnecting()
      expect(await departure.mayLeave()).toBe(true)
    }
    expect(checks).toBe(2)
  })
})

describe('a departure', () => {
  it('that has ended stays so, whatever its connection reports later', async () => {
    const departure = claimed()
    departure.onConnecting()
    departure.end()
    departure.onConnecting()
    expect(await departure.mayLeave()).toBe(false)
    departure.onLeaving()
    departure.end()
    expect(departure.phase).toBe('ended')
  })

  it('rejects a phase that cannot follow: a request is written once, and never during a check', async () => {
    const left = claimed()
    left.onLeaving()
    expect(() => left.onConnecting()).toThrow('A departure cannot go from left to connecting')
    expect(() => left.onLeaving()).toThrow('from left to left')

    const asking = claimed(() => false)
    asking.onConnecting()
    expect(() => asking.onLeaving()).toThrow('from connecting to left')
    await asking.mayLeave()
    expect(() => asking.onLeaving()).toThrow('from asking to left')
  })
})
