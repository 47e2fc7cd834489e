import { Rejections } from '../../../../src/delivery/queue/recording/rejections'

const MINUTE_MS = 60_000

it('lets a delivery wait a minute after its first rejected attempt, then twice as long each time, up to an hour', () => {
  const clock = { ms: 0 }
  const rejections = new Rejections(() => clock.ms)
  expect(rejections.waitMs('1-1')).toBe(0)
  const delays = Array.from({ length: 8 }, () => rejections.add('1-1') / MINUTE_MS)
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  expect([rejections.waitMs('1-1'), rejections.waitMs('2-1')]).toEqual([60 * MINUTE_MS, 0])
  clock.ms += 59 * MINUTE_MS
  expect(rejections.waitMs('1-1')).toBe(MINUTE_MS)
  clock.ms += 2 * MINUTE_MS
  expect(rejections.waitMs('1-1')).toBe(0)
})

it('starts again when an attempt was recorded', () => {
  const rejections = new Rejections(() => 0)
  rejections.add('1-1')
  rejections.add('1-1')
  rejections.remove('1-1')
  expect(rejections.waitMs('1-1')).toBe(0)
  expect(rejections.add('1-1')).toBe(MINUTE_MS)
})

it('keeps a limited number of deliveries', () => {
  const rejections = new Rejections(() => 0)
  for (let event = 0; event < 20_000; event += 1) rejections.add(`${event}-1`)
  expect(rejections.waitMs('0-1')).toBe(0)
  expect(rejections.waitMs('19999-1')).toBe(MINUTE_MS)
})
