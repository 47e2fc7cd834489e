/** The largest value of PostgreSQL's `integer` and of GraphQL's `Int`. */
export const INTEGER_MAX = 2_147_483_647

/**
 * Reads the id of an endpoint, a positive 32-bit integer.
 *
 * @returns undefined for any other text: no endpoint has such an id
 */
export function parseEndpointId(id: string): number | undefined {
  const number = /^[1-9]\d{0,9}$/.test(id) ? Number(id) : 0
  return number >= 1 && number <= INTEGER_MAX ? number : undefined
}

/**
 * Reads the id of an event, a positive integer that a JSON number holds exactly.
 *
 * @returns undefined for any other text: no event has such an id
 */
export function parseEventId(id: string): bigint | undefined {
  const number = /^[1-9]\d{0,15}$/.test(id) ? BigInt(id) : 0n
  return number >= 1n && number <= BigInt(Number.MAX_SAFE_INTEGER) ? number : undefined
}

/** Identifies a delivery: an event has one delivery to an endpoint. */
export const deliveryId = (eventId: bigint | string, endpointId: number) => `${eventId}-${endpointId}`

/** Reads the id of a delivery; undefined = no delivery has such an id. */
export function parseDeliveryId(id: string): { eventId: bigint; endpointId: number } | undefined {
  const [event = '', endpoint = '', ...more] = id.split('-')
  const eventId = parseEventId(event)
  const endpointId = parseEndpointId(endpoint)
  if (eventId === undefined || endpointId === undefined || more.length > 0) return undefined
  return { eventId, endpointId }
}
