import { decide, orderOfPair, ratioOf } from './bench/against/decision'

describe('the ratio of a pair', () => {
  it('is above 1 when this build has the higher rate', () => {
    expect(ratioOf({ thisBuild: 1_100, revision: 1_000 }, '/s')).toBeCloseTo(1.1)
    expect(ratioOf({ thisBuild: 900, revision: 1_000 }, '/s')).toBeCloseTo(0.9)
  })

  it('is above 1 when this build takes less time or memory', () => {
    expect(ratioOf({ thisBuild: 8, revision: 10 }, 'ms')).toBeCloseTo(1.25)
    expect(ratioOf({ thisBuild: 200, revision: 100 }, 'MB')).toBeCloseTo(0.5)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('is an error when a value is %p', (value) => {
    expect(() => ratioOf({ thisBuild: value, revision: 1 }, '/s')).toThrow('not a measured value')
    expect(() => ratioOf({ thisBuild: 1, revision: value }, 'ms')).toThrow('not a measured value')
  })
})

describe('the decision of a case', () => {
  it.each([
    [
      'a median below 0.95 with seven ratios below 1',
      [0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96],
      'falls short',
    ],
    ['a median below 0.95 with six ratios below 1', [1.2, 0.9, 0.94, 0.8, 0.93, 0.99, 0.9], 'falls short'],
    ['a median below 0.95 with five ratios below 1', [1.2, 1.1, 0.94, 0.8, 0.9, 0.93, 0.7], 'holds'],
    ['a median of 0.95 with seven ratios below 1', [0.9, 0.9, 0.9, 0.95, 0.96, 0.97, 0.99], 'holds'],
    ['a ratio of exactly 1, which is not below 1', [1, 1.1, 0.94, 0.8, 0.9, 0.93, 0.7], 'holds'],
    ['two equal builds', [1, 1.01, 0.99, 1.02, 0.98, 1, 1], 'holds'],
    ['a faster build', [1.2, 1.3, 1.1, 1.2, 1.25, 1.15, 1.2], 'holds'],
  ])('%s', (_case, ratios, decision) => {
    expect(decide(ratios)).toBe(decision)
  })

  it.each([0, 2, 6, 8])('is left open after %i pairs', (pairs) => {
    expect(decide(Array(pairs).fill(0.5))).toBe('undecided')
  })
})

test('the builds take turns in being the first of a pair', () => {
  expect([0, 1, 2].map(orderOfPair)).toEqual([
    ['thisBuild', 'revision'],
    ['revision', 'thisBuild'],
    ['thisBuild', 'revision'],
  ])
})
