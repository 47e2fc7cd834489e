import { once } from 'node:events'
import { startYardstick } from '../../processes'
import type { Run } from '../../run'
import type { LoopResult, LoopTask, Signed } from '../../yardsticks/undici-loop'
import { elapsedMs, type Receiver } from '../receiver'
import { ENDPOINTS, LANE_CONCURRENCY, type Published, sign, WARM_UP } from './published'

/** Sends the same bodies, signed beforehand. Returns sends per second after the warm-up. */
export async function driveLoop(
  run: Run,
  receiver: Receiver,
  { events, secrets }: Published,
): Promise<number> {
  const now = Math.floor(Date.now() / 1_000)
  const loop = await startYardstick('undici-loop', {}, run.teardown)
  const send = async (portion: Published['events']) => {
    const lanes = [...secrets].map(([endpointId, secret]) =>
      portion.map((event): Signed => {
        const headers = { 'content-type': 'application/json', ...sign(secret, event, now) }
        return { path: `/hook/${endpointId}`, headers, body: event.body }
      }),
    )
    await receiver.receipts()
    const done = once(loop.process, 'message')
    const task: LoopTask = { origin: receiver.url, lanes, laneConcurrency: LANE_CONCURRENCY }
    loop.process.send(task)
    const [result] = (await done) as [LoopResult]
    const { count, duplicates, firstAt, lastAt } = await receiver.receipts()
    const expected = portion.length * ENDPOINTS
    if (count !== expected || result.answered !== expected || duplicates > 0) {
      throw new Error(`undici-loop sent ${expected}: ${count} arrived, ${result.answered} were answered`)
    }
    return (expected / elapsedMs(firstAt, lastAt)) * 1_000
  }
  const warm = Math.ceil(events.length * WARM_UP)
  await send(events.slice(0, warm))
  const rate = await send(events.slice(warm))
  await loop.stop()
  return rate
}
