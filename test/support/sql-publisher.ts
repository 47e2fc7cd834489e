import type { Client } from 'pg'
import eventTypes from '../../src/endpoints/event-types/event-types.json'
import { connectTo } from './database-connections'
import type { TestGateway } from './gateway'

/** A session of a product that publishes from SQL. */
export interface SqlPublisher {
  client: Client
  /** @returns the event's id */
  publish(type: string, data?: string, key?: string | null): Promise<number>
  /** The ids of the endpoints that have a delivery of the event, in order. */
  receiversOf(eventId: number): Promise<number[]>
  /** Makes the next deliveries of events that are left to workers. For tests without a worker. */
  fanOut(after?: number, most?: number): Promise<{ lastEvent: number | null; deliveryCount: number }>
  /** Fans out everything that is left to workers. */
  fanOutAll(): Promise<void>
  end(): Promise<void>
}

export async function connectSqlPublisher({
  database,
}: Pick<TestGateway, 'database'>): Promise<SqlPublisher> {
  const client = await connectTo(database)
  const fanOut = async (after = 0, most = 100) => {
    const { rows } = await client.query('SELECT last_event, delivery_count FROM fan_out($1, $2)', [
      after,
      most,
    ])
    const { last_event: lastEvent, delivery_count: deliveryCount } = rows[0]
    return { lastEvent: lastEvent === null ? null : Number(lastEvent), deliveryCount }
  }
  return {
    client,
    async publish(type, data = '{}', key = null) {
      const { rows } = await client.query('SELECT hookgate_publish($1, $2, $3) AS id', [type, data, key])
      return Number(rows[0].id)
    },
    async receiversOf(eventId) {
      const { rows } = await client.query(
        'SELECT endpoint_id AS id FROM deliveries WHERE event_id = $1 ORDER BY 1',
        [eventId],
      )
      return rows.map(({ id }) => id)
    },
    fanOut,
    async fanOutAll() {
      while ((await fanOut()).lastEvent !== null);
    },
    end: () => client.end(),
  }
}

let types = 0

/** A type of the catalogue that no other test of the file has got. */
export function unusedType(): string {
  const type = eventTypes[types]?.type
  if (type === undefined) throw new Error('Every event type of the catalogue is in use')
  types += 1
  return type
}

/** Creates an endpoint that listens to a type, and returns its id. */
export const listener = async (gateway: TestGateway, type: string, fields: object = {}): Promise<number> =>
  (await gateway.createEndpoint({ events: [{ type }], ...fields })).id

/** Changes an endpoint by REST; resolves when the change is answered. */
export async function patch(gateway: TestGateway, id: number, json: object): Promise<void> {
  expect((await gateway.rest('PATCH', `endpoint/${id}/`, { json })).status).toBe(200)
}

export async function remove(gateway: TestGateway, id: number): Promise<void> {
  expect((await gateway.rest('DELETE', `endpoint/${id}/`)).status).toBe(204)
}
