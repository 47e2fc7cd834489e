import { Prisma } from '../../generated/prisma/client'
import { parseEndpointId, parseEventId } from '../../identifiers'

/** Whose deliveries or attempts a list has: of one delivery, of one event, of one endpoint, or all. */
export interface LogScope {
  eventId?: bigint
  endpointId?: number
}

/** The ids of a filter, as the caller sent them; null = not given. */
interface Named {
  endpointId?: string | null
  eventId?: string | null
}

/** The scope that a filter names. An id that no object can have is 0, which matches nothing. */
export const scopeOf = ({ endpointId, eventId }: Named): LogScope => ({
  endpointId: endpointId == null ? undefined : (parseEndpointId(endpointId) ?? 0),
  eventId: eventId == null ? undefined : (parseEventId(eventId) ?? 0n),
})

/** Scopes as rows `scope(event_id, endpoint_id, nth)`; `nth` counts from 1. */
export const scopeRows = (scopes: LogScope[]): Prisma.Sql => Prisma.sql`
  unnest(${scopes.map(({ eventId }) => eventId?.toString() ?? null)}::bigint[],
    ${scopes.map(({ endpointId }) => endpointId ?? null)}::integer[]) WITH ORDINALITY AS scope(event_id, endpoint_id, nth)`

/** Whether a row of `table` is in the scope. */
export function isIn({ eventId, endpointId }: LogScope, table: 'attempt' | 'delivery'): Prisma.Sql {
  const [event, endpoint] = [eventId?.toString() ?? null, endpointId ?? null]
  const of = Prisma.raw(table)
  return Prisma.sql`
    (${endpoint}::integer IS NULL OR ${of}.endpoint_id = ${endpoint}::integer)
    AND (${event}::bigint IS NULL OR ${of}.event_id = ${event}::bigint)`
}
