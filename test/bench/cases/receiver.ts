import { once } from 'node:events'
import { type Running, startYardstick } from '../processes'
import type { Teardown } from '../teardown'
import type { Receipts } from '../yardsticks/receiver'

export interface Receiver extends Running {
  /** What it has got since the last call. */
  receipts(): Promise<Receipts>
}

export async function startReceiver(teardown: Teardown): Promise<Receiver> {
  const running = await startYardstick('receiver', {}, teardown)
  return {
    ...running,
    async receipts() {
      const answer = once(running.process, 'message')
      running.process.send('report')
      const [receipts] = await answer
      return receipts as Receipts
    },
  }
}

/** Milliseconds between two instants of the receiver's clock, which is that of every process of this machine. */
export const elapsedMs = (from: string | bigint, to: string | bigint) =>
  Number(BigInt(to) - BigInt(from)) / 1e6
