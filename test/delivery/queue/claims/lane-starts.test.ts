import { LaneStarts } from '../../../../src/delivery/queue/claims/lane-starts'

let now: number
let starts: LaneStarts
beforeEach(() => {
  now = 10_000
  starts = new LaneStarts(() => now)
  starts.claimed(new Map([[7, 5_000]]), true, 0)
})

describe('a look', () => {
  it('starts a little before what the last claim found, for as long as the last whole look took twenty times', () => {
    expect(starts.looked(true, 10)).toBe(Number.POSITIVE_INFINITY)
    expect([...starts.forLook()]).toEqual([[7, 4_900]])
    expect(starts.looked(false, 1)).toBe(200)
    now += 199
    expect(starts.forLook().size).toBe(1)
    expect(starts.looked(false, 1)).toBe(1)
    now += 1
    expect(starts.forLook().size).toBe(0)
  })

  it('is always whole while that takes less than five milliseconds', () => {
    expect(starts.looked(true, 4)).toBe(Number.POSITIVE_INFINITY)
    expect(starts.forLook().size).toBe(0)
  })

  it('is whole once a second, however long it takes', () => {
    starts.looked(true, 5_000)
    expect(starts.looked(false, 1)).toBe(1_000)
    now += 1_000
    expect(starts.forLook().size).toBe(0)
  })
})

describe('a claim', () => {
  it('is whole once a second, and after one that has found nothing', () => {
    expect([...starts.forClaim()]).toEqual([[7, 4_900]])
    starts.claimed(new Map(), false, 1)
    expect(starts.forClaim().size).toBe(0)
    starts.claimed(new Map([[7, 6_000]]), true, 1)
    expect([...starts.forClaim()]).toEqual([[7, 5_900]])
    now += 1_000
    expect(starts.forClaim().size).toBe(0)
  })

  it('is not whole before one that took long is a twentieth of the time', () => {
    starts.claimed(new Map([[7, 6_000]]), true, 500)
    starts.claimed(new Map(), false, 1)
    now += 9_999
    expect(starts.forClaim().size).toBe(1)
    now += 1
    expect(starts.forClaim().size).toBe(0)
  })
})
