import { quantile } from '../../../support/statistics'
import { VirtualClock } from './virtual-clock'
import { DEFAULTS, Gateway, HANGS, type Receiver, type TestLane } from './world'

const answersWithin =
  (afterMs: number): Receiver =>
  () => ({ afterMs, end: 'accepted' })
/** A name whose servers never answer. */
const NO_NAME: Receiver = () => ({ afterMs: 5_000, end: 'unanswered' })

const p95 = (lane: TestLane) => quantile(lane.latencies, 0.95)

/** A gateway that has served a healthy endpoint for 5 s, one event each 20 ms. */
function calmGateway() {
  const clock = new VirtualClock()
  const gateway = new Gateway(clock)
  const healthy = gateway.addLane('http://healthy.example/', answersWithin(5))
  gateway.publishEvery(healthy, 20, 60_000)
  clock.run(5_000)
  const calm = p95(healthy)
  healthy.latencies.length = 0
  return { clock, gateway, healthy, calm }
}

function addLanes(gateway: Gateway, count: number, receiver: Receiver, host?: string): TestLane[] {
  return Array.from({ length: count }, () => {
    const lane = gateway.addLane(`http://${host ?? `host-${gateway.lanes.length}.example`}/`, receiver)
    gateway.publish(lane, 100)
    return lane
  })
}

describe('a healthy endpoint', () => {
  it.each<[string, (gateway: Gateway) => void]>([
    ['20 receivers that hang', (gateway) => addLanes(gateway, 20, HANGS)],
    [
      '30 that hang, 30 on one dead host and 10 without a name',
      (gateway) => {
        addLanes(gateway, 30, HANGS)
        addLanes(gateway, 30, HANGS, 'dead.example')
        addLanes(gateway, 10, NO_NAME)
      },
    ],
    ['300 that hang', (gateway) => addLanes(gateway, 300, HANGS)],
    ['1,000 on one host that hangs', (gateway) => addLanes(gateway, 1_000, HANGS, 'dead.example')],
    ['100 that refuse', (gateway) => addLanes(gateway, 100, () => ({ afterMs: 1, end: 'unanswered' }))],
  ])('does not notice %s', (_, addNoise) => {
    const { clock, gateway, healthy, calm } = calmGateway()
    addNoise(gateway)
    clock.run(22_000)
    expect(p95(healthy)).toBeLessThanOrEqual(Math.max(1.5 * calm, calm + 20))
    expect(healthy.latencies.length).toBeGreaterThan(800)
    expect(gateway.peak).toBeLessThanOrEqual(2 * DEFAULTS.slots)
  })

  it.each([30, 300])('that is new is served though %i others hang', (count) => {
    const { clock, gateway } = calmGateway()
    addLanes(gateway, count, HANGS)
    clock.run(8_000)
    const fresh = gateway.addLane('http://new.example/', answersWithin(5))
    gateway.publishEvery(fresh, 20, 60_000)
    clock.run(25_000)
    // Only when as many hang as may hang at the same time, it waits until one of them has timed out.
    expect(fresh.latencies[0]).toBeLessThanOrEqual(count < 300 ? 20 : 15_000)
  })

  it('is one of 2,000 that send little, and hardly notices 300 that hang', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    const lanes = Array.from({ length: 2_000 }, (_, nth) => {
      const lane = gateway.addLane(`http://healthy-${nth}.example/`, answersWithin(10))
      clock.at(2 * nth, () => gateway.publishEvery(lane, 4_000, 20_000))
      return lane
    })
    clock.run(5_000)
    for (const lane of lanes) lane.latencies.length = 0
    addLanes(gateway, 300, HANGS)
    clock.run(15_000)
    expect(
      quantile(
        lanes.flatMap(({ latencies }) => latencies),
        0.95,
      ),
    ).toBeLessThanOrEqual(50)
  })

  it('does not notice that 30 busy neighbours begin to hang together', () => {
    const { clock, gateway, healthy, calm } = calmGateway()
    let isHanging = false
    const neighbours = addLanes(gateway, 30, (now) =>
      isHanging ? HANGS(now) : { afterMs: 10, end: 'accepted' },
    )
    for (const lane of neighbours) gateway.publish(lane, 3_000)
    clock.run(6_000)
    isHanging = true
    healthy.latencies.length = 0
    clock.run(30_000)
    expect(p95(healthy)).toBeLessThanOrEqual(Math.max(1.5 * calm, calm + 20))
  })
})

describe('an endpoint', () => {
  it('has as many sends in flight as HOOKGATE_ENDPOINT_CONCURRENCY says, also when it is new and hangs', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    const [lane] = addLanes(gateway, 1, HANGS)
    clock.run(500)
    expect(lane?.inFlight).toBe(10)
  })

  it('that has hung has two, until it answers again', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    const [lane] = addLanes(gateway, 1, (now) =>
      now < 60_000 ? HANGS(now) : { afterMs: 100, end: 'accepted' },
    )
    clock.run(40_000)
    expect(lane?.inFlight).toBe(2)
    clock.run(90_000)
    expect(lane?.accepted).toHaveLength(100)
  })

  it('that is slow has as many as it may, though 30 others hang', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    addLanes(gateway, 30, HANGS)
    const slow = addLanes(gateway, 5, answersWithin(2_000))
    clock.run(20_000)
    expect(slow.map(({ peak }) => peak)).toEqual([10, 10, 10, 10, 10])
  })

  it.each([
    [1, 1, 1],
    [3, 10, 3],
    [5, 5, 5],
    [10, 10, 10],
    [20, 20, 20],
    [40, 10, 10],
  ])('uses %i slots with HOOKGATE_ENDPOINT_CONCURRENCY=%i: %i', (slots, perEndpoint, inFlight) => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock, { limits: { slots, hanging: 0, perEndpoint, perHost: 100 } })
    const [lane] = addLanes(gateway, 1, answersWithin(900))
    clock.run(800)
    expect(lane?.inFlight).toBe(inFlight)
  })
})

describe('a host', () => {
  it.each([10, 100])(
    'never has more than HOOKGATE_HOST_CONCURRENCY sends in flight, and is used to the full: %i',
    (perHost) => {
      const clock = new VirtualClock()
      const gateway = new Gateway(clock, { limits: { ...DEFAULTS, perHost } })
      let inFlight = 0
      let peak = 0
      const lanes = addLanes(
        gateway,
        100,
        () => {
          inFlight += 1
          peak = Math.max(peak, inFlight)
          clock.after(50, () => {
            inFlight -= 1
          })
          return { afterMs: 50, end: 'accepted' }
        },
        'one.example',
      )
      for (const lane of lanes) gateway.publish(lane, 400)
      const other = gateway.addLane('http://other.example/', answersWithin(5))
      gateway.publishEvery(other, 20, 10_000)
      clock.run(10_000)
      expect(peak).toBe(perHost)
      const counts = lanes.map(({ accepted }) => accepted.length)
      const total = counts.reduce((sum, count) => sum + count)
      expect(total).toBeGreaterThan(0.8 * 10 * (perHost / 0.05))
      // Each lane has its turn, and few deliveries are claimed and released.
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(5)
      expect(gateway.counts.released).toBeLessThan(0.1 * total)
      expect(p95(other)).toBeLessThanOrEqual(20)
    },
  )

  it.each([100, 200])(
    'that has a slot for several sends of each lane gets them in one claim: %i',
    (perHost) => {
      const clock = new VirtualClock()
      const gateway = new Gateway(clock, { limits: { ...DEFAULTS, perHost } })
      const lanes = addLanes(gateway, 20, answersWithin(1), 'one.example')
      for (const lane of lanes) gateway.publish(lane, 900)
      clock.run(5_000)
      // Each of the 20,000 deliveries is sent once, and claims take more than a third of what the host may have.
      expect(lanes.map(({ accepted }) => accepted.length)).toEqual(lanes.map(() => 1_000))
      expect(gateway.counts.claims).toBeLessThan(20_000 / (perHost / 3))
    },
  )
})

it('20 busy endpoints use nine tenths of all slots', () => {
  const clock = new VirtualClock()
  const gateway = new Gateway(clock)
  const lanes = addLanes(gateway, 20, answersWithin(200))
  for (const lane of lanes) gateway.publish(lane, 1_000)
  clock.run(5_000)
  expect(lanes.reduce((sum, { inFlight }) => sum + inFlight, 0)).toBeGreaterThanOrEqual(180)
  expect(gateway.counts.released).toBe(0)
})
