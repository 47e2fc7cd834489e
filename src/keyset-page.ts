import type { Problem } from './failure'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './page-range'

/** What a caller asks of a connection; null and undefined mean the default. */
export interface PageArguments {
  first?: number | null
  after?: string | null
}

/** A part of a list that is read by keys: rows that are added meanwhile do not shift it. */
export interface KeysetPage<Node> {
  edges: { cursor: string; node: Node }[]
  /** whether there may be more: a page may be short, or empty, where few rows match */
  hasNextPage: boolean
  /** where the next page starts; null = the list is empty */
  endCursor: string | null
}

export const EMPTY_PAGE: KeysetPage<never> = { edges: [], hasNextPage: false, endCursor: null }

/** The cursors of one list. */
export interface CursorKind {
  /** keeps the cursors of different lists apart */
  name: string
  /** the largest value of each key */
  largest: bigint[]
}

/** The keys of a row in a text that callers send back. */
export const cursorOf = ({ name }: CursorKind, ...keys: (bigint | number | string)[]): string =>
  Buffer.from([name, ...keys].join(' ')).toString('base64url')

/** The end of the year 9999, in milliseconds since 1970: later instants have no text that PostgreSQL reads. */
export const LAST_MS = 253_402_300_799_999n
export const ID_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** The keys of a cursor: whole numbers. Undefined = this is no cursor of the kind. */
export function keysOf(kind: CursorKind, cursor: string): bigint[] | undefined {
  const { largest } = kind
  const [, ...texts] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  if (texts.length !== largest.length || !texts.every((text) => /^\d{1,18}$/.test(text))) return undefined
  if (cursorOf(kind, ...texts) !== cursor) return undefined
  const keys = texts.map(BigInt)
  return keys.every((key, place) => key <= (largest[place] ?? 0n)) ? keys : undefined
}

/** An instant as PostgreSQL reads it. It has no year 0, and Date writes later years than 9999 in another form. */
export function instantText(instant: Date | null | undefined): string | null {
  if (instant == null) return null
  const year = instant.getUTCFullYear()
  if (year < 1) return '-infinity'
  return year > 9999 ? 'infinity' : instant.toISOString()
}

/** How many rows a page has at most. */
export const sizeOf = ({ first }: PageArguments): number => first ?? PAGE_LIMIT_DEFAULT

/** The problems of a page's arguments. `keys` is what keysOf has read of `after`. */
export function validatePage({ first, after }: PageArguments, keys: bigint[] | undefined): Problem[] {
  const problems: Problem[] = []
  if (first != null && (first < 1 || first > PAGE_LIMIT_MAX)) {
    const message = `first must be between 1 and ${PAGE_LIMIT_MAX}.`
    problems.push({ path: ['first'], code: 'OUT_OF_RANGE', message })
  }
  if (after != null && keys === undefined) {
    const message = 'after must be the cursor of an edge of the same list, or the endCursor of a page.'
    problems.push({ path: ['after'], code: 'INVALID_CURSOR', message })
  }
  return problems
}

/** The span of time of a filter. */
export interface Span {
  /** inclusive */
  since?: Date | null
  /** exclusive */
  until?: Date | null
}

export function validateSpan({ since, until }: Span): Problem[] {
  if (since == null || until == null || since <= until) return []
  const message = 'until must not be before since.'
  return [{ path: ['filter', 'until'], code: 'OUT_OF_RANGE', message }]
}

/** How many rows are read for a total. Larger numbers are not counted. */
export const COUNTED_MAX = 10_001

/** What a scan of at most COUNTED_MAX rows has counted. */
export interface Counted {
  scanned: number
  matching: number
}

/** The total; null = so many rows had to be read that more may match. */
export const totalOf = (row: Counted | undefined): number | null =>
  row === undefined || row.scanned === COUNTED_MAX ? null : row.matching

/** The rows of each scope of a statement; `nth` counts the scopes from 1. */
export function rowsByScope<Row extends { nth: number }>(rows: Row[], scopes: number): Row[][] {
  const byScope: Row[][] = Array.from({ length: scopes }, () => [])
  for (const row of rows) byScope[row.nth - 1]?.push(row)
  return byScope
}

/** A row that a scan has read, with its key. */
export interface ScannedRow<Node> {
  cursor: string
  /** undefined = the row does not match; the last row of a scan is returned in any case */
  node: Node | undefined
}

/**
 * Makes a page of what a scan has returned: the rows that match, one more than the page has if there are, and the last one that was
 * read.
 *
 * @param isWhole the scan has read the list to its end
 */
export function pageOf<Node>(
  rows: ScannedRow<Node>[],
  { size, after, isWhole }: { size: number; after: string | null | undefined; isWhole: boolean },
): KeysetPage<Node> {
  const matching = rows.flatMap(({ cursor, node }) => (node === undefined ? [] : [{ cursor, node }]))
  const edges = matching.slice(0, size)
  const isFull = matching.length > size
  const lastRead = isFull ? edges.at(-1)?.cursor : rows.at(-1)?.cursor
  return { edges, hasNextPage: isFull || !isWhole, endCursor: lastRead ?? after ?? null }
}
