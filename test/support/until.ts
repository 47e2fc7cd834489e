import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for something that happens by itself. Fails after a while rather than hanging. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 150_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not happen: ${holds}`)
    await sleep(20)
  }
}
