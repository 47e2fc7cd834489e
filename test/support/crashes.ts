import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryProgress } from './events'
import type { TestGateway } from './gateway'
import { atEnd } from './leftovers'
import type { TestReceiver } from './receiver'
import { until } from './until'

const RETRY_MS = 100

/** A gateway that is killed and started again while callers use it. */
export interface Replaceable {
  current: TestGateway
}

export interface CarefulPublishing {
  count: number
  /** prefix of the idempotency keys, where a test publishes several times */
  keys?: string
  /** how many at a time; default 6 */
  concurrency?: number
  /** called with each event id */
  onAcknowledged: (eventId: number) => void
  /** called with the status of every other answer; undefined = no answer */
  onRefused?: (status: number | undefined) => void
}

/**
 * Publishes events as a careful publisher does: each with a key, again and again until it is acknowledged. Any other
 * result must allow a retry: no answer at all, 503 (nothing was stored) or 504 (nobody knows).
 */
export async function publishUntilAcknowledged(
  gateway: Replaceable,
  { count, keys = 'key', concurrency = 6, onAcknowledged, onRefused = () => undefined }: CarefulPublishing,
): Promise<void> {
  let next = 0
  let isOver = false
  // Ends the publishers of a test that fails meanwhile.
  const cancelCleanUp = atEnd(() => {
    isOver = true
  })
  const publishSome = async () => {
    while (next < count) {
      next += 1
      const json = { type: 'post.created', data: { keys, nth: next } }
      const headers = { 'idempotency-key': `${keys} ${next}` }
      for (;;) {
        const answer = await gateway.current.rest('POST', 'event/', { json, headers }).catch(() => undefined)
        if (answer?.status === 200 || answer?.status === 201) {
          onAcknowledged(answer.body.event_id)
          break
        }
        onRefused(answer?.status)
        expect([undefined, 503, 504]).toContain(answer?.status)
        if (isOver) throw new Error('The test is over')
        await sleep(RETRY_MS)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, publishSome))
  cancelCleanUp()
}

export const arrivedAtAll = (receivers: TestReceiver[], eventIds: number[]) =>
  receivers.every((receiver) => {
    const arrived = new Set(receiver.eventIds())
    return eventIds.every((id) => arrived.has(id))
  })

/**
 * Waits until no delivery of these events is pending any more.
 *
 * @returns the statuses of the deliveries by event
 */
export async function untilSettled(gateway: Replaceable, eventIds: number[]) {
  const settled = new Map<number, string[]>()
  await until(async () => {
    const open = eventIds.filter((id) => !settled.has(id))
    for (const [id, deliveries] of await deliveryProgress(gateway.current, open)) {
      const statuses = deliveries.map(({ status }) => status)
      if (!statuses.includes('PENDING')) settled.set(id, statuses)
    }
    return settled.size === eventIds.length
  })
  return settled
}

/** Every event has arrived under its own `webhook-id`, and each delivery becomes DELIVERED. */
export async function expectDelivered(gateway: Replaceable, receivers: TestReceiver[], eventIds: number[]) {
  for (const receiver of receivers) {
    const arrived = new Set(receiver.eventIds())
    expect(eventIds.filter((id) => !arrived.has(id))).toEqual([])
    expect(receiver.received.filter(({ id, eventId }) => id !== `evt_${eventId}`)).toEqual([])
  }
  const everywhere = JSON.stringify(receivers.map(() => 'DELIVERED'))
  const settled = await untilSettled(gateway, eventIds)
  expect([...settled].filter(([, statuses]) => JSON.stringify(statuses) !== everywhere)).toEqual([])
}

export const closeAll = (receivers: TestReceiver[]) =>
  Promise.all(receivers.map((receiver) => receiver.close()))
