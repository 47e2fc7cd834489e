import type { Prisma } from '../generated/prisma/client'

/** A statement with its values. PostgreSQL keeps its plan under the name. */
export interface Statement {
  /** unique for the text */
  name: string
  text: string
  /** as node-postgres takes them for `$1`, `$2`, ... */
  values: unknown[]
}

/**
 * Runs one statement on the database that Prisma uses, without Prisma's own steps: for the few statements that make up nearly
 * all requests, where those steps take longer than everything else together. JSON columns are returned parsed.
 */
export type Query = <Row>(statement: Statement) => Promise<Row[]>

/**
 * Runs statements in one transaction, all or nothing, and resolves once the transaction is committed, without waiting until the
 * commit is on disk (`synchronous_commit = off`). A server that crashes within a moment may lose the transaction, so it is
 * for leases and locks only, never for what was promised to a caller.
 */
export type AsyncCommitTransaction = <Result>(act: (query: Query) => Promise<Result>) => Promise<Result>

/** @param sql always the same text for one name: whatever changes is a value */
export const statement = (name: string, sql: Prisma.Sql): Statement => ({
  name,
  text: sql.text,
  values: sql.values,
})
