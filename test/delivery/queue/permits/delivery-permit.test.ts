import type { ClaimedDelivery } from '../../../../src/delivery/queue/claims/claim-deliveries'
import { DeliveryPermit } from '../../../../src/delivery/queue/permits/delivery-permit'

const delivery = { id: '1-1', eventId: 1n, endpointId: 1 } as ClaimedDelivery

/** A permit whose check passes, unless a test says otherwise. */
const claimed = (check = (permit: DeliveryPermit) => permit.allow()) =>
  new DeliveryPermit(delivery, async (permit) => check(permit))

/** True when the transaction that holds the endpoint may end. */
async function mayEndTransaction(permit: DeliveryPermit): Promise<boolean> {
  let isOver = false
  void permit.writtenOrWaiting().then(() => {
    isOver = true
  })
  await new Promise(setImmediate)
  return isOver
}

describe('the transaction of a claim', () => {
  it('lasts until the request is written', async () => {
    const permit = claimed()
    expect(await mayEndTransaction(permit)).toBe(false)
    permit.onWriting()
    expect(await mayEndTransaction(permit)).toBe(true)
    expect(permit.phase).toBe('written')
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
    const permit = claimed()
    permit.onConnecting()
    expect(await permit.check()).toBe(true)
    expect(permit.phase).toBe('allowed')
    expect(await mayEndTransaction(permit)).toBe(false)
    permit.onWriting()
    expect(await mayEndTransaction(permit)).toBe(true)
  })

  it('is not allowed when the check has not passed, or its send ends during the check', async () => {
    const changed = claimed(() => false)
    changed.onConnecting()
    expect(await changed.check()).toBe(false)
    changed.end()
    expect(changed.phase).toBe('notAllowed')

    const late = claimed((permit) => {
      permit.end()
      return permit.allow()
    })
    late.onConnecting()
    expect(await late.check()).toBe(false)
    expect(late.phase).toBe('notAllowed')
  })

  it('is checked again when the connection is lost before the request is written', async () => {
    let checks = 0
    const permit = claimed((each) => {
      checks += 1
      return each.allow()
    })
    for (let nth = 1; nth <= 2; nth += 1) {
      permit.onConnecting()
      expect(await permit.check()).toBe(true)
    }
    expect(checks).toBe(2)
  })
})

describe('a request whose kept connection ended before an answer', () => {
  it('is checked again on a new connection, and written in the transaction of that check', async () => {
    const permit = claimed()
    permit.onWriting()
    permit.onConnecting()
    expect(await mayEndTransaction(permit)).toBe(true)
    expect(await permit.check()).toBe(true)
    expect(await mayEndTransaction(permit)).toBe(false)
    permit.onWriting()
    expect(permit.phase).toBe('written')
  })

  it('is not written again when its endpoint was switched off meanwhile', async () => {
    const permit = claimed(() => false)
    permit.onWriting()
    permit.onConnecting()
    expect(await permit.check()).toBe(false)
    permit.end()
    expect(permit.phase).toBe('notAllowed')
  })
})

describe('a permit', () => {
  it('that has ended stays so, whatever its connection reports later', async () => {
    const permit = claimed()
    permit.onConnecting()
    permit.end()
    permit.onConnecting()
    expect(await permit.check()).toBe(false)
    permit.onWriting()
    permit.end()
    expect(permit.phase).toBe('ended')
  })

  it('rejects a phase that cannot follow: a request is written once, and never during a check', async () => {
    const written = claimed()
    written.onWriting()
    expect(() => written.onWriting()).toThrow('A permit cannot go from written to written')
    expect(() => written.allow()).toThrow('from written to allowed')

    const checking = claimed(() => false)
    checking.onConnecting()
    expect(() => checking.onWriting()).toThrow('from connecting to written')
    await checking.check()
    expect(() => checking.onWriting()).toThrow('from checking to written')
  })
})
