import { shortMessage, shortText } from '../src/short-text'

describe('a text', () => {
  it('that is short enough stays as it is', () => {
    expect(shortText('x'.repeat(20), 20)).toBe('x'.repeat(20))
  })

  it('that is too long loses its middle', () => {
    expect(shortText(`begin${'x'.repeat(100)}end`, 15)).toBe('begin ... xxend')
  })

  it('is never cut inside a character', () => {
    for (let max = 10; max < 20; max += 1) {
      const short = shortText('😀'.repeat(100), max)
      expect(short.length).toBeLessThanOrEqual(max)
      expect(short.isWellFormed()).toBe(true)
    }
  })
})

describe('a message', () => {
  it('of 500 characters stays as it is', () => {
    const message = `"${'x'.repeat(498)}"`
    expect(shortMessage(message)).toBe(message)
  })

  it('that repeats a large value still says what is wrong', () => {
    const value = JSON.stringify('x'.repeat(250_000))
    const message = `Variable "$n" got invalid value ${value}; Int cannot represent non-integer value: ${value}`
    const short = shortMessage(message)
    expect(short.length).toBeLessThan(300)
    expect(short).toMatch(/^Variable "\$n" got invalid value "x+ \.\.\. x+"; Int cannot represent/)
  })

  it.each([
    ['without quotes', 'x'.repeat(300_000)],
    ['with many quotes', '"a" '.repeat(100_000)],
    ['with a quote that does not end', `"${'x'.repeat(300_000)}`],
    ['with escaped quotes', `"${'\\"'.repeat(150_000)}"`],
    ['with backslashes', '\\'.repeat(300_000)],
  ])('has at most 500 characters: a long one %s', (_, message) => {
    const short = shortMessage(message)
    expect(short.length).toBeLessThanOrEqual(500)
    expect(short.length).toBeGreaterThan(50)
  })
})
