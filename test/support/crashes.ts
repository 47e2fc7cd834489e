import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryStatuses } from './events'
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
  { count, abreast = 6, onAcknowledged, onRefused = () => undefined }: CarefulPublishing,
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
      const json = { type: 'post.created', data: { nth: next } }
      const headers = { 'idempotency-key': `key ${next}` }
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

/** Waits until each delivery of these events is on record as delivered. */
export async function untilDelivered(gateway: Replaceable, eventIds: number[]): Promise<void> {
  let pending = eventIds
  await until(async () => {
    const statuses = await deliveryStatuses(gateway.current, pending)
    pending = pending.filter((id) => statuses.get(id)?.some((status) => status === 'PENDING'))
    return pending.length === 0
  })
}

/** Every event has arrived under its own `webhook-id`, and each delivery is on record as delivered. */
export async function expectDelivered(gateway: TestGateway, receivers: TestReceiver[], eventIds: number[]) {
  for (const receiver of receivers) {
    const arrived = new Set(receiver.eventIds())
    expect(eventIds.filter((id) => !arrived.has(id))).toEqual([])
    expect(receiver.received.filter(({ id, eventId }) => id !== `evt_${eventId}`)).toEqual([])
  }
  const everywhere = JSON.stringify(receivers.map(() => 'DELIVERED'))
  const statuses = await deliveryStatuses(gateway, eventIds)
  expect([...statuses].filter(([, each]) => JSON.stringify(each) !== everywhere)).toEqual([])
  expect(statuses.size).toBe(eventIds.length)
}

export const closeAll = (receivers: TestReceiver[]) =>
  Promise.all(receivers.map((receiver) => receiver.close()))
