/** Endpoints have positive 32-bit integers; whatever else a caller sends names no endpoint. */
export function parseEndpointId(id: string): number | undefined {
  const number = /^[1-9]\d{0,9}$/.test(id) ? Number(id) : 0
  return number >= 1 && number <= 2_147_483_647 ? number : undefined
}

/** Events have positive integers that JSON can hold exactly. */
export function parseEventId(id: string): bigint | undefined {
  const number = /^[1-9]\d{0,15}$/.test(id) ? BigInt(id) : 0n
  return number >= 1n && number <= BigInt(Number.MAX_SAFE_INTEGER) ? number : undefined
}
