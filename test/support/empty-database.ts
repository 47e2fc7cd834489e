import { randomUUID } from 'node:crypto'
import { type TestDatabase, testDatabase } from './gateway'
import { databaseUrl, onServer } from './template'

/** The PostgreSQL server of the tests. */
export function testServer(): string {
  const server = process.env.TEST_DATABASE_URL
  if (!server)
    throw new Error(
      'This test needs TEST_DATABASE_URL, such as postgresql://postgres@127.0.0.1:5432/postgres',
    )
  return server
}

/**
 * A new database without tables, set up by statements as an operator would. The first gateway brings it up to date.
 *
 * @param options.create the end of CREATE DATABASE
 * @param options.setUp statements that run in it; DATABASE_NAME stands for its name
 */
export async function createEmptyDatabase(
  options: { create?: string; setUp?: string[] } = {},
): Promise<TestDatabase & { name: string; url: string }> {
  const server = testServer()
  const name = `hookgate_test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `CREATE DATABASE ${name} ${options.create ?? ''}`)
  const url = databaseUrl(server, name)
  for (const statement of options.setUp ?? [])
    await onServer(url, statement.replaceAll('DATABASE_NAME', name))
  const database = testDatabase({ DATABASE_URL: url }, () =>
    onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  )
  return { ...database, name, url }
}
