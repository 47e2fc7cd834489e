import eventTypes from '../../src/endpoints/event-types/event-types.json'
import { type AttemptNode, attemptCount, attemptsOf, type DeliveryNode, deliveryOf, publish } from './events'
import type { TestGateway } from './gateway'
import { startReceiver, type TestReceiver } from './receiver'
import { until } from './until'

/**
 * An endpoint with a receiver of its own, and an event type that no other endpoint of the test file listens to. Tests that
 * use one each run at the same time on one gateway.
 */
export interface TestEndpoint {
  id: number
  type: string
  receiver: TestReceiver
  /** Publishes an event of its type and returns the event's id. */
  publish(data?: unknown): Promise<number>
  /** Changes the endpoint by REST. */
  patch(json: object): Promise<void>
  attempts(): Promise<AttemptNode[]>
  /** Waits until this many attempts are on record. */
  untilRecorded(count: number): Promise<void>
  /** Waits until the delivery of an event has a status. */
  untilStatus(eventId: number, status: DeliveryNode['status']): Promise<void>
}

let endpoints = 0

/** @param answer what its receiver answers; default: 204 */
export async function createTestEndpoint(
  gateway: TestGateway,
  answer?: TestReceiver['answer'],
): Promise<TestEndpoint> {
  const type = eventTypes[endpoints]?.type
  if (type === undefined) throw new Error('Every event type of the catalogue is in use')
  endpoints += 1
  const receiver = await startReceiver(answer)
  const { id } = await gateway.createEndpoint({ target: receiver.url, events: [{ type }] })
  return {
    id,
    type,
    receiver,
    publish: (data = {}) => publish(gateway, data, type),
    async patch(json) {
      expect((await gateway.rest('PATCH', `endpoint/${id}/`, { json })).status).toBe(200)
    },
    attempts: () => attemptsOf(gateway, id),
    untilRecorded: (count) => until(async () => (await attemptCount(gateway, id)) >= count),
    untilStatus: (eventId, status) =>
      until(async () => (await deliveryOf(gateway, eventId)).status === status),
  }
}
