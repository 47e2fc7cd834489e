import { type Query, statement } from '../../database/query'
import type { Problem } from '../../failure'
import { Prisma } from '../../generated/prisma/client'
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
  rowsByScope,
  sizeOf,
  totalOf,
  validatePage,
} from '../../keyset-page'
import { type AttemptFilter, isPlain, matches, validateAttemptFilter } from './attempt-filter'
import { ATTEMPT_COLUMNS, type Attempt, type AttemptRow, attemptOf } from './attempts'
import { type LogScope, scopeOf, scopeRows } from './log-scope'

const CURSOR = { name: 'attempt', largest: [LAST_MS, ID_MAX] }
/** How many attempts are read for a page with conditions: a page reads 2,000 buffers at most. */
const SCANNED_MAX = 1_200
/** The same where the event of each is read as well. */
const SCANNED_WITH_EVENTS_MAX = 300

interface ScannedAttempt extends AttemptRow {
  nth: number
  matches: boolean
  /** how many attempts the scan has read */
  scanned: number
}

/**
 * A page of attempts for each scope, newest first, in one statement. A scan stops after so many attempts: where few of them match,
 * the page is short and says that there may be more.
 *
 * @param filter validated, like `page`: see validateAttempts
 * @returns the pages, in the order of the scopes
 */
export async function findAttempts(
  query: Query,
  scopes: LogScope[],
  filter: AttemptFilter,
  page: PageArguments,
): Promise<KeysetPage<Attempt>[]> {
  const size = sizeOf(page)
  const most = readsOnlyMatches(scopes, filter) ? size + 1 : scannedMax(filter)
  const rows = await query<ScannedAttempt>(
    statement(
      'find_attempts',
      Prisma.sql`
        SELECT scope.nth::integer AS nth, scan.*
        FROM ${scopeRows(scopes)}
        CROSS JOIN LATERAL (
          SELECT ${ATTEMPT_COLUMNS}, matches, scanned::integer, place
          FROM (
            SELECT *, count(*) FILTER (WHERE matches) OVER (ORDER BY place) AS matched, max(place) OVER () AS scanned
            FROM (${scan(filter, page, most)}) scanned_attempt
          ) attempt
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

/** The number of attempts of a scope; null = see totalOf. */
export async function countAttempts(
  query: Query,
  scope: LogScope,
  filter: AttemptFilter,
): Promise<number | null> {
  const [row] = await query<Counted>(
    statement(
      'count_attempts',
      Prisma.sql`
        SELECT count(*)::integer AS scanned, count(*) FILTER (WHERE matches)::integer AS matching
        FROM ${scopeRows([scope])}
        CROSS JOIN LATERAL (${scan(filter, {}, COUNTED_MAX)}) scanned_attempt`,
    ),
  )
  return totalOf(row)
}

/** Every problem of a page's arguments. */
export const validateAttempts = (filter: AttemptFilter, page: PageArguments): Problem[] => [
  ...validatePage(page, page.after == null ? undefined : keysOf(CURSOR, page.after)),
  ...validateAttemptFilter(filter),
]

/** The part of both statements that reads attempts of `scope`, and says of each whether it matches. */
function scan(filter: AttemptFilter, page: PageArguments, most: number): Prisma.Sql {
  const { time, id } = startOf(filter, page)
  return Prisma.sql`
    SELECT attempt.*, attempt.ordinality AS place, coalesce(${matches(filter)}, false) AS matches
    FROM scan_attempts(scope.event_id, scope.endpoint_id, ${instantText(time)}::timestamptz, ${id}::bigint,
      ${instantText(filter.since)}::timestamptz, ${most}::integer) WITH ORDINALITY AS attempt`
}

/** The place after which the scan starts: that of the cursor, or the end of the span. */
function startOf(
  { until }: AttemptFilter,
  { after }: PageArguments,
): { time: Date | null; id: string | null } {
  const [ms, id] = after == null ? [] : (keysOf(CURSOR, after) ?? [])
  const time = ms === undefined ? undefined : new Date(Number(ms))
  if (until != null && (time === undefined || until <= time)) return { time: until, id: '0' }
  return { time: time ?? null, id: id === undefined ? null : String(id) }
}

/** Whether the scans of these scopes read nothing that does not match. */
function readsOnlyMatches(
  scopes: LogScope[],
  { endpointId, eventId, ...conditions }: AttemptFilter,
): boolean {
  const named = scopeOf({ endpointId, eventId })
  return (
    isPlain(conditions) &&
    scopes.every(
      (scope) =>
        (endpointId == null || scope.endpointId === named.endpointId) &&
        (eventId == null || (scope.eventId === named.eventId && scope.endpointId !== undefined)),
    )
  )
}

const scannedMax = ({ eventType }: AttemptFilter) =>
  eventType == null ? SCANNED_MAX : SCANNED_WITH_EVENTS_MAX

function scannedRow({ nth: _nth, scanned: _scanned, matches: isMatching, ...row }: ScannedAttempt) {
  return {
    cursor: cursorOf(CURSOR, row.createdAt.getTime(), row.id),
    node: isMatching ? attemptOf(row) : undefined,
  }
}
