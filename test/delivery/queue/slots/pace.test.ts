import { Pace } from '../../../../src/delivery/queue/slots/pace'
import { fixedWindow, slidingWindow, tokenBucket } from './limiters'
import { VirtualClock } from './virtual-clock'
import { Gateway, type Receiver } from './world'

const HOUR_MS = 3_600_000

interface Result {
  /** the share of the allowed rate that was used after the first 10 s */
  used: number
  /** the share of all sends that were refused, and of those after the first 10 s */
  refused: number
  refusedLater: number
  endMs: number
}

interface Load {
  receiver: () => Receiver
  /** requests per second that the receiver allows */
  rate: number
  /** published at once */
  events: number
  processes?: number
}

/** Sends events to a receiver with a limit until it has taken all. */
function run({ receiver, rate, events, processes = 1 }: Load, seed: number): Result {
  const clock = new VirtualClock()
  const gateway = new Gateway(clock, { processes, seed })
  const lane = gateway.addLane('http://busy.example/', receiver())
  gateway.publish(lane, events)
  clock.run(HOUR_MS, () => lane.accepted.length === events)
  expect(lane.accepted).toHaveLength(events)
  const endMs = clock.now
  const later = (times: number[]) => times.filter((at) => at > 10_000).length
  const share = (refused: number, accepted: number) => refused / (refused + accepted)
  return {
    used: later(lane.accepted) / ((endMs - 10_000) / 1_000) / rate,
    refused: share(lane.refused.length, events),
    refusedLater: share(later(lane.refused), later(lane.accepted)),
    endMs,
  }
}

const SEEDS = [1, 2, 3, 4, 5]

describe('a busy receiver is sent what it takes, and refuses little', () => {
  it.each<[string, Load, { used: number; refused: number }]>([
    [
      'that allows 2 a second',
      { receiver: () => tokenBucket(2, { burst: 2 }), rate: 2, events: 200 },
      { used: 0.85, refused: 0.13 },
    ],
    [
      'that allows 2 a second, evenly',
      { receiver: () => tokenBucket(2, { burst: 1 }), rate: 2, events: 200 },
      { used: 0.8, refused: 0.13 },
    ],
    [
      'that allows 2 a second, and 10 at once',
      { receiver: () => tokenBucket(2, { burst: 10 }), rate: 2, events: 200 },
      { used: 0.9, refused: 0.14 },
    ],
    [
      'that names no time',
      { receiver: () => tokenBucket(2, { burst: 2, retryAfterMs: null }), rate: 2, events: 200 },
      { used: 0.85, refused: 0.13 },
    ],
    [
      'that allows 1 a second',
      { receiver: () => tokenBucket(1, { burst: 1 }), rate: 1, events: 200 },
      { used: 0.8, refused: 0.13 },
    ],
    [
      'that allows 20 a second',
      { receiver: () => tokenBucket(20, { burst: 20 }), rate: 20, events: 2_000 },
      { used: 0.9, refused: 0.06 },
    ],
    [
      'that allows one in 5 s',
      { receiver: () => tokenBucket(0.2, { burst: 1 }), rate: 0.2, events: 100 },
      { used: 0.75, refused: 0.2 },
    ],
    [
      'that allows 100 a minute and says when the next minute starts',
      { receiver: () => fixedWindow(100, 60_000, 'honest'), rate: 100 / 60, events: 500 },
      { used: 0.85, refused: 0.08 },
    ],
    [
      'that allows 100 a minute and says to try again after a second',
      { receiver: () => fixedWindow(100, 60_000, 1_000), rate: 100 / 60, events: 500 },
      { used: 0.8, refused: 0.12 },
    ],
    [
      'that allows 100 within any minute',
      { receiver: () => slidingWindow(100, 60_000), rate: 100 / 60, events: 500 },
      { used: 0.8, refused: 0.12 },
    ],
    [
      'that allows 2 in each second',
      { receiver: () => fixedWindow(2, 1_000, 'honest'), rate: 2, events: 200 },
      { used: 0.85, refused: 0.13 },
    ],
    [
      'that two processes send to',
      { receiver: () => tokenBucket(2, { burst: 2 }), rate: 2, events: 400, processes: 2 },
      { used: 0.8, refused: 0.15 },
    ],
    [
      'that four processes send to',
      { receiver: () => tokenBucket(20, { burst: 20 }), rate: 20, events: 2_000, processes: 4 },
      { used: 0.85, refused: 0.1 },
    ],
  ])('%s', (_, load, { used, refused }) => {
    const results = SEEDS.map((seed) => run(load, seed))
    expect(Math.min(...results.map((result) => result.used))).toBeGreaterThanOrEqual(used)
    expect(Math.max(...results.map((result) => result.refused))).toBeLessThanOrEqual(refused)
  })

  it('also when 8 processes do, which start with 80 sends at once', () => {
    const load = { receiver: () => tokenBucket(2, { burst: 10 }), rate: 2, events: 1_000, processes: 8 }
    for (const seed of SEEDS) {
      const { used, refusedLater } = run(load, seed)
      expect(used).toBeGreaterThanOrEqual(0.9)
      expect(refusedLater).toBeLessThanOrEqual(0.15)
    }
  })

  it('and faster within a minute when it allows more', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    const limit = tokenBucket((now) => (now < 60_000 ? 2 : 20), { burst: 2 })
    const lane = gateway.addLane('http://busy.example/', limit)
    gateway.publish(lane, 5_000)
    clock.run(140_000)
    const lastTen = lane.accepted.filter((at) => at > 130_000)
    expect(lastTen.length).toBeGreaterThanOrEqual(0.75 * 10 * 20)
  })

  it('and slower at once when it allows less', () => {
    const clock = new VirtualClock()
    const gateway = new Gateway(clock)
    const limit = tokenBucket((now) => (now < 30_000 ? 20 : 2), { burst: 2 })
    const lane = gateway.addLane('http://busy.example/', limit)
    gateway.publish(lane, 5_000)
    clock.run(30_000)
    const refusedBefore = lane.refused.length
    clock.run(90_000)
    expect(lane.refused.length - refusedBefore).toBeLessThanOrEqual(15)
    const accepted = lane.accepted.filter((at) => at > 40_000)
    expect(accepted.length).toBeGreaterThanOrEqual(0.8 * 50 * 2)
  })
})

describe('a pace', () => {
  const start = () => new Pace(10, 0, () => 0)

  it('leaves the endpoint alone until claims keep the rest, then lets one send try', () => {
    const pace = start()
    expect(pace.busy({ startedAt: 0, wasHeldBack: false }, 10, 7_000)).toBe(7_000)
    expect([pace.turns(1_009), pace.waitMs(1_009)]).toEqual([0, 1])
    expect(pace.turns(60_000)).toBe(1)
    const trial = pace.start(60_000)
    expect([pace.turns(90_000), pace.waitMs(90_000)]).toEqual([0, Number.POSITIVE_INFINITY])
    pace.accepted(trial)
    expect(pace.turns(90_000)).toBe(1)
  })

  it('stretches that time by up to a fifth', () => {
    const pace = new Pace(10, 0, () => 1)
    expect(pace.busy({ startedAt: 0, wasHeldBack: false }, 10, 7_000)).toBeCloseTo(8_400)
  })

  it('lets another send try when the trial ended without an answer', () => {
    const pace = start()
    pace.busy({ startedAt: 0, wasHeldBack: false }, 10, null)
    pace.start(2_000)
    pace.ended()
    expect(pace.turns(20_000)).toBe(1)
  })

  it('waits longer each time while nothing is accepted: 1, 2, 4, ... 30 s', () => {
    const pace = start()
    const rests: number[] = []
    let now = 0
    for (let nth = 0; nth < 7; nth += 1) {
      const restMs = pace.busy(pace.start(now), now, nth % 2 === 0 ? null : 500)
      rests.push(restMs)
      now += restMs + 1_000
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    // The rate is not the reason.
    expect(pace.rate).toBe(5)
  })

  it('counts busy answers to sends that were in flight together once', () => {
    const pace = start()
    const sends = [1, 2, 3, 4, 5].map(() => ({ startedAt: 0, wasHeldBack: false }))
    pace.accepted({ startedAt: 0, wasHeldBack: false })
    const rests = sends.map((send) => pace.busy(send, 10, null))
    expect(rests).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
    expect(pace.rate).toBeCloseTo(3.5)
  })

  it('is forgotten ten minutes after the last busy answer', () => {
    const pace = start()
    pace.busy({ startedAt: 0, wasHeldBack: false }, 1_000, null)
    expect([pace.isOver(601_000), pace.isOver(601_001)]).toEqual([false, true])
  })
})
