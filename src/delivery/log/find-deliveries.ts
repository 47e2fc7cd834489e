import { type Query, statement } from '../../database/query'
import type { Problem } from '../../failure'
import { Prisma } from '../../generated/prisma/client'
import { INTEGER_MAX, parseDeliveryId } from '../../identifiers'
import {
  COUNTED_MAX,
  type Counted,
  cursorOf,
  ID_MAX,
  instantText,
  type KeysetPage,
  keysOf,
  type PageArguments,
  pageOf,
  rowsByScope,
  type Span,
  sizeOf,
  totalOf,
  validatePage,
  validateSpan,
} from '../../keyset-page'
import { validateText } from '../../validate-text'
import {
  DELIVERY_COLUMNS,
  type Delivery,
  type DeliveryRow,
  type DeliveryStatus,
  deliveryOf,
} from './deliveries'
import { isIn, type LogScope, scopeOf, scopeRows } from './log-scope'

/** Every given condition must hold; null = not given. An empty list matches nothing. */
export interface DeliveryFilter extends Span {
  endpointId?: string | null
  eventId?: string | null
  eventType?: string | null
  status?: DeliveryStatus[] | null
}

const CURSOR = { name: 'delivery', largest: [ID_MAX, BigInt(INTEGER_MAX)] }
/** How many deliveries are read for a page with conditions, each with its event: a page reads 2,000 buffers at most. */
const SCANNED_MAX = 300

interface ScannedDelivery extends DeliveryRow {
  nth: number
  matches: boolean
  /** how many deliveries the scan has read */
  scanned: number
}

/**
 * A page of deliveries for each scope, newest event first, in one statement. A scan stops after so many deliveries: where few of
 * them match, the page is short and says that there may be more.
 *
 * @param filter validated, like `page`: see validateDeliveries
 * @returns the pages, in the order of the scopes
 */
export async function findDeliveries(
  query: Query,
  scopes: LogScope[],
  filter: DeliveryFilter,
  page: PageArguments,
): Promise<KeysetPage<Delivery>[]> {
  const size = sizeOf(page)
  const most = readsOnlyMatches(scopes, filter) ? size + 1 : SCANNED_MAX
  const rows = await query<ScannedDelivery>(
    statement(
      'find_deliveries',
      Prisma.sql`
        WITH ${span(filter)}
        SELECT scope.nth::integer AS nth, scan.*
        FROM span, ${scopeRows(scopes)}
        CROSS JOIN LATERAL (
          SELECT * FROM (
            SELECT *, count(*) FILTER (WHERE matches) OVER (ORDER BY place) AS matched, (max(place) OVER ())::integer AS scanned
            FROM (${scan(filter, page, most)}) scanned_delivery
          ) numbered
          WHERE (matches AND matched <= ${size + 1}) OR place = scanned
        ) scan
        ORDER BY nth, place`,
    ),
  )
  return rowsByScope(rows, scopes.length).map((own) => {
    const scanned = own[0]?.scanned ?? 0
    return pageOf(own.map(scannedRow), { size, after: page.after, isWhole: scanned < most })
  })
}

/** The number of deliveries of a scope; null = see totalOf. */
export async function countDeliveries(
  query: Query,
  scope: LogScope,
  filter: DeliveryFilter,
): Promise<number | null> {
  const [row] = await query<Counted>(
    statement(
      'count_deliveries',
      Prisma.sql`
        WITH ${span(filter)}
        SELECT count(*)::integer AS scanned, count(*) FILTER (WHERE matches)::integer AS matching
        FROM span, ${scopeRows([scope])}
        CROSS JOIN LATERAL (${scan(filter, {}, COUNTED_MAX)}) scanned_delivery`,
    ),
  )
  return totalOf(row)
}

/** Every problem of a page's arguments. */
export const validateDeliveries = (filter: DeliveryFilter, page: PageArguments): Problem[] => [
  ...validatePage(page, page.after == null ? undefined : keysOf(CURSOR, page.after)),
  ...validateSpan(filter),
  ...(filter.eventType == null ? [] : validateText(filter.eventType, ['filter', 'eventType'])),
]

/** One delivery; undefined = there is none. */
export async function findDelivery(query: Query, id: string): Promise<Delivery | undefined> {
  const scope = parseDeliveryId(id)
  if (scope === undefined) return undefined
  const [page] = await findDeliveries(query, [scope], {}, { first: 1 })
  return page?.edges[0]?.node
}

/**
 * The events of a filter's span, as a range of ids. Ids grow with time but for moments, which the ten seconds are for: the scan compares
 * the time of each event once more.
 */
function span({ since, until }: DeliveryFilter): Prisma.Sql {
  return Prisma.sql`
    span AS MATERIALIZED (
      SELECT
        CASE WHEN ${instantText(since)}::timestamptz IS NOT NULL THEN coalesce((
          SELECT id FROM events WHERE created_at >= ${instantText(since)}::timestamptz - interval '10 seconds'
          ORDER BY created_at, id LIMIT 1
        ), 9223372036854775807) END AS first_event,
        CASE WHEN ${instantText(until)}::timestamptz IS NOT NULL THEN coalesce((
          SELECT id FROM events WHERE created_at < ${instantText(until)}::timestamptz + interval '10 seconds'
          ORDER BY created_at DESC, id DESC LIMIT 1
        ), 0) + 1 END AS end_event
    )`
}

/** The part of both statements that reads deliveries of `scope`, and says of each whether it matches. */
function scan(filter: DeliveryFilter, { after }: PageArguments, most: number): Prisma.Sql {
  const { since, until, eventType, status } = filter
  const [event, endpoint] = after == null ? [] : (keysOf(CURSOR, after) ?? [])
  const before = event?.toString() ?? null
  const wantsPending = status == null || status.some((one) => one === 'PENDING' || one === 'CANCELLED')
  const wantsEnded = status == null || status.some((one) => one !== 'PENDING')
  return Prisma.sql`
    SELECT ${DELIVERY_COLUMNS}, delivery.ordinality AS place, coalesce(
      ${isIn(scopeOf(filter), 'delivery')}
      AND (${status ?? null}::text[] IS NULL OR CASE WHEN delivery.status = 'PENDING' AND (endpoint.id IS NULL OR endpoint.deleted_at IS NOT NULL)
        THEN 'CANCELLED' ELSE delivery.status::text END = ANY (${status ?? null}::text[]))
      AND (${eventType ?? null}::text IS NULL OR event.type = ${eventType ?? null}::text)
      AND (${instantText(since)}::timestamptz IS NULL OR event.created_at >= ${instantText(since)}::timestamptz)
      AND (${instantText(until)}::timestamptz IS NULL OR event.created_at < ${instantText(until)}::timestamptz),
      false) AS matches
    FROM scan_deliveries(scope.event_id, scope.endpoint_id,
      CASE WHEN span.end_event <= ${before}::bigint OR ${before}::bigint IS NULL THEN span.end_event ELSE ${before}::bigint END,
      CASE WHEN span.end_event <= ${before}::bigint OR ${before}::bigint IS NULL THEN 0 ELSE ${endpoint?.toString() ?? null}::integer END,
      span.first_event, ${wantsPending}::boolean, ${wantsEnded}::boolean, ${most}::integer) WITH ORDINALITY AS delivery
    JOIN events event ON event.id = delivery.event_id
    LEFT JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id`
}

/** Whether the scans of these scopes read nothing that does not match. A span of time is compared with each event once more. */
function readsOnlyMatches(
  scopes: LogScope[],
  { endpointId, eventId, ...conditions }: DeliveryFilter,
): boolean {
  const named = scopeOf({ endpointId, eventId })
  return (
    Object.values(conditions).every((condition) => condition == null) &&
    scopes.every(
      (scope) =>
        (endpointId == null || scope.endpointId === named.endpointId) &&
        (eventId == null || scope.eventId === named.eventId),
    )
  )
}

function scannedRow({ nth: _nth, matches, scanned: _scanned, ...row }: ScannedDelivery) {
  const { eventId, endpointId } = row
  return {
    cursor: cursorOf(CURSOR, eventId, endpointId),
    node: matches ? deliveryOf(row) : undefined,
  }
}
