import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import type { TestDatabase } from './gateway'
import { atEnd } from './leftovers'
import { onServer } from './template'

export const SERVER = process.env.TEST_DATABASE_URL ?? ''

const unique = () => randomUUID().replaceAll('-', '')

/** Creates a role that may only log in. It is dropped at the end of the test file, after the databases. */
export async function createRole(prefix = 'hookgate'): Promise<string> {
  const name = `${prefix}_${unique()}`
  await onServer(SERVER, `CREATE ROLE ${name} LOGIN PASSWORD 'pa55-of-${prefix}'`)
  atEnd(() => onServer(SERVER, `DROP ROLE IF EXISTS ${name}`))
  return name
}

/** The environment of a gateway that uses the database as another role. */
export function asRole({ env }: TestDatabase, role: string, parameters: Record<string, string> = {}) {
  const url = new URL(env.DATABASE_URL ?? '')
  url.username = role
  url.password = 'pa55-of-hookgate'
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { ...env, DATABASE_URL: url.href }
}

/** Runs statements in a database, as the superuser of the tests. */
export async function inDatabase<Row = Record<string, unknown>>(
  { env }: TestDatabase,
  ...statements: string[]
): Promise<Row[]> {
  const client = new Client({ connectionString: env.DATABASE_URL })
  await client.connect()
  let rows: Row[] = []
  try {
    for (const statement of statements) rows = (await client.query(statement)).rows
  } finally {
    await client.end()
  }
  return rows
}
