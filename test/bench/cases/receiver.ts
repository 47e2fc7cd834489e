import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, startYardstick } from '../processes'
import type { Teardown } from '../teardown'
import type { Receipts, ReceiverRequest } from '../yardsticks/receiver'

const POLL_MS = 20

export interface Receiver extends Running {
  /** What the receiver got since the last call. */
  receipts(): Promise<Receipts>
  /**
   * Waits until the receiver got this many requests since the last receipts.
   *
   * @throws Error when that takes longer than `withinMs`
   */
  waitFor(count: number, withinMs: number): Promise<void>
}

/** How a receiver answers; default: at once and shortly. */
export interface Answering {
  bytes?: number
  afterMs?: number
}

export async function startReceiver(
  teardown: Teardown,
  { bytes = 0, afterMs = 0 }: Answering = {},
): Promise<Receiver> {
  const env = { ANSWER_BYTES: String(bytes), ANSWER_AFTER_MS: String(afterMs) }
  const running = await startYardstick('receiver', env, teardown)
  const ask = async <Answer>(request: ReceiverRequest): Promise<Answer> => {
    const answer = once(running.process, 'message')
    running.process.send(request)
    const [value] = await answer
    return value as Answer
  }
  return {
    ...running,
    receipts: () => ask<Receipts>('receipts'),
    async waitFor(count, withinMs) {
      const until = performance.now() + withinMs
      for (let got = 0; got < count; got = await ask<number>('count')) {
        if (performance.now() > until)
          throw new Error(`${got} of ${count} webhooks arrived in ${withinMs} ms`)
        await sleep(POLL_MS)
      }
    },
  }
}

/** Milliseconds between two instants of the receiver's clock, which all processes of this machine share. */
export const elapsedMs = (from: string | bigint, to: string | bigint) =>
  Number(BigInt(to) - BigInt(from)) / 1e6
