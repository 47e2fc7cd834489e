import { type Query, statement } from '../database/query'
import type { Problem } from '../failure'
import { Prisma } from '../generated/prisma/client'
import {
  COUNTED_MAX,
  type Counted,
  cursorOf,
  ID_MAX,
  instantText,
  type KeysetPage,
  keysOf,
  LAST_MS,
  type PageArguments,
  pageOf,
  type Span,
  sizeOf,
  totalOf,
  validatePage,
  validateSpan,
} from '../keyset-page'
import { validateText } from '../validate-text'
import type { Event } from './event'

/** Every given condition must hold; null = not given. */
export interface EventFilter extends Span {
  type?: string | null
  isTest?: boolean | null
}

const CURSOR = { name: 'event', largest: [LAST_MS * 1000n + 999n, ID_MAX] }
/** How many events are read for a page with conditions: a page reads 2,000 buffers at most. */
const SCANNED_MAX = 1_200

interface EventRow extends Omit<Event, 'id'> {
  id: string
  /** microseconds since 1970 */
  createdAtMicros: string
}

interface ScannedEvent extends EventRow {
  matches: boolean
  /** how many events the scan has read */
  scanned: number
}

const COLUMNS = Prisma.sql`
  event.id::text, event.type, event.created_at AS "createdAt", event.is_test AS "isTest", event.fanned_out_at AS "fannedOutAt",
  (extract(epoch FROM event.created_at) * 1000000)::bigint::text AS "createdAtMicros"`

/**
 * A page of events, newest first. A scan stops after so many events: where few of them match, the page is short and says that there
 * may be more.
 *
 * @param filter validated, like `page`: see validateEvents
 */
export async function findEvents(
  query: Query,
  filter: EventFilter,
  page: PageArguments,
): Promise<KeysetPage<Event>> {
  const size = sizeOf(page)
  const isPlain = filter.type == null && filter.isTest == null
  const most = isPlain ? size + 1 : SCANNED_MAX
  const rows = await query<ScannedEvent>(
    statement(
      'find_events',
      Prisma.sql`
        SELECT ${COLUMNS}, matches, scanned::integer
        FROM (
          SELECT *, count(*) FILTER (WHERE matches) OVER (ORDER BY place) AS matched, max(place) OVER () AS scanned
          FROM (${scan(filter, page, most)}) scanned_event
        ) event
        WHERE (matches AND matched <= ${size + 1}) OR place = scanned
        ORDER BY place`,
    ),
  )
  const isWhole = (rows[0]?.scanned ?? 0) < most
  return pageOf(rows.map(scannedRow), { size, after: page.after, isWhole })
}

/** The number of events that match; null = see totalOf. */
export async function countEvents(query: Query, filter: EventFilter): Promise<number | null> {
  const [row] = await query<Counted>(
    statement(
      'count_events',
      Prisma.sql`
        SELECT count(*)::integer AS scanned, count(*) FILTER (WHERE matches)::integer AS matching
        FROM (${scan(filter, {}, COUNTED_MAX)}) scanned_event`,
    ),
  )
  return totalOf(row)
}

/** Every problem of a page's arguments. */
export const validateEvents = (filter: EventFilter, page: PageArguments): Problem[] => [
  ...validatePage(page, page.after == null ? undefined : keysOf(CURSOR, page.after)),
  ...validateSpan(filter),
  ...(filter.type == null ? [] : validateText(filter.type, ['filter', 'type'])),
]

/** Events by id, without their bodies. */
export async function readEvents(query: Query, ids: readonly bigint[]): Promise<Map<bigint, Event>> {
  const rows = await query<EventRow>(
    statement(
      'read_events',
      Prisma.sql`SELECT ${COLUMNS} FROM events event WHERE event.id = ANY (${ids.map(String)}::bigint[])`,
    ),
  )
  return new Map(rows.map((row) => [BigInt(row.id), eventOf(row)]))
}

/** The bodies of events by id. */
export async function readBodies(query: Query, ids: readonly bigint[]): Promise<Map<bigint, string>> {
  const rows = await query<{ id: string; body: string }>(
    statement(
      'read_bodies',
      Prisma.sql`SELECT id::text, body FROM events WHERE id = ANY (${ids.map(String)}::bigint[])`,
    ),
  )
  return new Map(rows.map(({ id, body }) => [BigInt(id), body]))
}

/** The part of both statements that reads events, and says of each whether it matches. */
function scan(filter: EventFilter, page: PageArguments, most: number): Prisma.Sql {
  const { type = null, isTest = null, since } = filter
  const { micros, id } = startOf(filter, page)
  return Prisma.sql`
    SELECT event.*, event.ordinality AS place, (${type}::text IS NULL OR event.type = ${type}::text)
      AND (${isTest}::boolean IS NULL OR event.is_test = ${isTest}::boolean) AS matches
    FROM scan_events(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id}::bigint,
      ${instantText(since)}::timestamptz, ${most}::integer) WITH ORDINALITY AS event`
}

/** The place after which the scan starts: that of the cursor, or the end of the span. */
function startOf(
  { until }: EventFilter,
  { after }: PageArguments,
): { micros: string | null; id: string | null } {
  const [micros, id] = after == null ? [] : (keysOf(CURSOR, after) ?? [])
  const end = until == null ? undefined : BigInt(until.getTime()) * 1000n
  if (end !== undefined && (micros === undefined || end <= micros)) return { micros: String(end), id: '0' }
  return { micros: micros?.toString() ?? null, id: id?.toString() ?? null }
}

const eventOf = ({ id, createdAtMicros: _micros, ...event }: EventRow): Event => ({
  ...event,
  id: BigInt(id),
})

function scannedRow({ matches, scanned: _scanned, ...row }: ScannedEvent) {
  return {
    cursor: cursorOf(CURSOR, row.createdAtMicros, row.id),
    node: matches ? eventOf(row) : undefined,
  }
}
