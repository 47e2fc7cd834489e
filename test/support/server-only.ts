import { POSTGRES_PROGRAMS } from './private-postgres'

/** A test that needs the database server which TEST_DATABASE_URL names. */
export const serverOnly = process.env.TEST_DATABASE_URL === undefined ? it.skip : it

/** A test that starts a PostgreSQL of its own: skipped where Debian's package is not installed. */
export const privateServerOnly = POSTGRES_PROGRAMS === undefined ? it.skip : it
