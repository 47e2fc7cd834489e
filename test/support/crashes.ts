import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryProgress } from './events'
import type { TestGateway } from './gateway'
import { atEnd } from './leftovers'
import type { TestReceiver } from './receiver'
import { until } from './until'

/** A gateway that is killed and started again under its callers' hands. */
export interface Replaceable {
  current: TestGateway
}

export interface CarefulPublishing {
  count: number
  /** what their keys begin with, where there are several lots of them */
  keys?: string
  /** how many at a time; default 6 */
  abreast?: number
  /** told of each event id */
  onAcknowledged: (eventId: number) => void
  /** told of every other answer: its status, undefined when none came */
  onRefused?: (status: number | undefined) => void
}

/**
 * Publishes events as a careful publisher does: each with a key, again and again until it is acknowledged. Whatever
 * else a publisher hears must say that it may try again: no answer at all, or 503.
 */
export async function publishUntilAcknowledged(
  gateway: Replaceable,
  { count, keys = 'key', abreast = 6, onAcknowledged, onRefused = () => undefined }: CarefulPublishing,
): Promise<void> {
  let next = 0
  let isOver = false
  // A test that fails meanwhile would leave its publishers knocking for ever.
  const forget = atEnd(() => {
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
        expect([undefined, 503]).toContain(answer?.status)
        if (isOver) throw new Error('The test is over')
        await sleep(20)
      }
    }
  }
  await Promise.all(Array.from({ length: abreast }, publishSome))
  forget()
}

export const arrivedAtAll = (receivers: TestReceiver[], eventIds: number[]) =>
  receivers.every((receiver) => {
    const arrived = new Set(receiver.eventIds())
    return eventIds.every((id) => arrived.has(id))
  })

/**
 * Waits until no delivery of these events is pending any more.
 *
 * @returns what became of them, by event
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

/** Every event has arrived under its own `webhook-id`, and each delivery comes to be on record as delivered. */
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
