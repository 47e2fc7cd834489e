/** A statement that PostgreSQL keeps prepared under its name, which is unique for its text. */
export interface Statement {
  name: string
  text: string
}

/**
 * Runs one statement on the database that Prisma uses, without Prisma's own steps on the way: for the few statements
 * that make up nearly all requests, where these take longer than everything else together. Values are what node-postgres
 * takes for `$1`, `$2`, ...; JSON comes parsed.
 */
export type Query = <Row>(statement: Statement, values: unknown[]) => Promise<Row[]>

/**
 * Runs statements in one transaction, all or nothing, and resolves when it is committed. A volatile one is not waited
 * for to be on disk: should the server crash within a moment, it never was. For what is held or leased, not for what is
 * promised.
 */
export type VolatileTransaction = <Result>(act: (query: Query) => Promise<Result>) => Promise<Result>
