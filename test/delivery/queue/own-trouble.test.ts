import { OwnTrouble } from '../../../src/delivery/queue/own-trouble'

function trouble() {
  const clock = { ms: 1_000_000 }
  const lines: { detail: string; delayMs: number }[] = []
  const log = { warn: (line: { detail: string; delayMs: number }) => lines.push(line) }
  return { clock, lines, trouble: new OwnTrouble(log as never, () => clock.ms) }
}

/** The delay that is spread: the random part adds up to a half. */
const expectDelay = (delayMs: number, least: number) => {
  expect(delayMs).toBeGreaterThanOrEqual(least)
  expect(delayMs).toBeLessThanOrEqual(1.5 * least)
}

describe('the delay of sends that the gateway could not make', () => {
  it('is about a second at first, for all sends of that time', () => {
    const { lines, trouble: own } = trouble()
    for (let nth = 0; nth < 200; nth += 1) expectDelay(own.delayMs('EMFILE'), 1_000)
    expect(lines).toEqual([{ detail: 'EMFILE', delayMs: 1_000 }])
  })

  it('doubles while the trouble lasts, up to 30 s', () => {
    const { clock, lines, trouble: own } = trouble()
    for (let nth = 0; nth < 1_000; nth += 1) {
      own.delayMs('EMFILE')
      clock.ms += 500
    }
    expectDelay(own.delayMs('EMFILE'), 30_000)
    expect(lines.slice(0, 6).map(({ delayMs }) => delayMs)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000,
    ])
  })

  it('starts again after a quiet time', () => {
    const { clock, trouble: own } = trouble()
    for (let nth = 0; nth < 20; nth += 1) {
      own.delayMs('EMFILE')
      clock.ms += 500
    }
    clock.ms += 600_000
    expectDelay(own.delayMs('EMFILE'), 1_000)
  })
})
