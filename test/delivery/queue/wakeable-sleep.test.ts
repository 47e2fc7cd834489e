import { WakeableSleep } from '../../../src/delivery/queue/wakeable-sleep'

const LONG_MS = 60_000

async function sleptMs(pause: WakeableSleep, milliseconds: number) {
  const startedAt = performance.now()
  const isWoken = await pause.sleep(milliseconds)
  return { isWoken, ms: performance.now() - startedAt }
}

describe('a sleep', () => {
  it('ends by itself, and says that nobody has woken it', async () => {
    expect((await sleptMs(new WakeableSleep(), 20)).isWoken).toBe(false)
  })

  it('ends when it is woken', async () => {
    const pause = new WakeableSleep()
    setTimeout(() => pause.wake(), 5)
    expect((await sleptMs(pause, LONG_MS)).isWoken).toBe(true)
  })

  it('ends at once when it was woken before', async () => {
    const pause = new WakeableSleep()
    pause.wake()
    expect((await sleptMs(pause, LONG_MS)).isWoken).toBe(true)
    expect((await sleptMs(pause, 20)).isWoken).toBe(false)
  })

  it('ends at the earliest time that was set, before or during it', async () => {
    const pause = new WakeableSleep()
    pause.endIn(LONG_MS)
    setTimeout(() => pause.endIn(10), 5)
    setTimeout(() => pause.endIn(LONG_MS), 7)
    expect((await sleptMs(pause, LONG_MS)).isWoken).toBe(false)
    pause.endIn(10)
    expect((await sleptMs(pause, LONG_MS)).isWoken).toBe(false)
  })

  it('has its whole length after one that ended early', async () => {
    const pause = new WakeableSleep()
    pause.endIn(0)
    await pause.sleep(LONG_MS)
    expect((await sleptMs(pause, 100)).ms).toBeGreaterThan(90)
  })
})
