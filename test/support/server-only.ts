import { POSTGRES_PROGRAMS } from './private-postgres'

/** True when the run is on the database server that TEST_DATABASE_URL names, false on embedded databases. */
export const usesServer = process.env.TEST_DATABASE_URL !== undefined

/** A test that needs the database server. */
export const serverOnly = usesServer ? it : it.skip

/** Tests that need the database server. */
export const describeServer = usesServer ? describe : describe.skip

/** A test that needs the server, and runs at the same time as others of its `describe`. */
export const serverOnlyConcurrent = usesServer ? it.concurrent : it.skip

/** A test that needs an embedded database. */
export const embeddedOnly = usesServer ? it.skip : it

/** A test that starts a PostgreSQL of its own: skipped where Debian's package is not installed. */
export const privateServerOnly = POSTGRES_PROGRAMS === undefined ? it.skip : it
