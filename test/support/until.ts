import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 10
/** The longest pause between two checks that ask a gateway: each costs it some milliseconds of work. */
const ASYNC_POLL_MAX_MS = 200

/** Waits until a condition holds. Throws after a while instead of hanging. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 150_000): Promise<void> {
  const deadline = Date.now() + withinMs
  let pauseMs = POLL_MS
  for (;;) {
    const result = condition()
    if (await result) return
    if (Date.now() > deadline) throw new Error(`did not happen: ${condition}`)
    await sleep(pauseMs)
    if (typeof result !== 'boolean') pauseMs = Math.min(pauseMs * 1.5, ASYNC_POLL_MAX_MS)
  }
}
