/** A test that needs the database server which TEST_DATABASE_URL names. */
export const serverOnly = process.env.TEST_DATABASE_URL === undefined ? it.skip : it
