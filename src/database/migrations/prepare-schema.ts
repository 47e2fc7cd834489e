import { escapeIdentifier } from 'pg'
import { DatabaseProblem, isRightMissing } from './database-problem'
import type { Installation, Transaction } from './installation'
import { extensionNotCreatable, extensionNotUsable, schemaNotCreatable, sqlName } from './missing-rights'

/**
 * Creates the schema of the tables and the extension pg_trgm where they are missing, and makes both the search_path of the
 * transaction: names in migrations and functions are unqualified.
 *
 * @throws DatabaseProblem
 */
export async function prepareSchema(transaction: Transaction, installation: Installation): Promise<void> {
  const { schema, schemaExists, role } = installation
  if (schema === null) {
    throw new DatabaseProblem(
      `has no schema in the search_path of the role ${sqlName(role)}`,
      'name one, such as `?schema=hookgate`',
    )
  }
  if (!schemaExists) {
    await transaction.run(`CREATE SCHEMA ${escapeIdentifier(schema)}`).catch((error) => {
      throw isRightMissing(error) ? schemaNotCreatable(installation) : error
    })
  }
  const extensionSchema = await prepareExtension(transaction, installation, schema)
  const path = [...new Set([schema, extensionSchema])].map(escapeIdentifier)
  await transaction.run(`SET LOCAL search_path TO ${path.join(', ')}`)
}

/** PostgreSQL's codes for an extension whose files the server does not have: until version 15, and later. */
const NOT_INSTALLED = new Set(['58P01', '0A000'])

/** @returns the schema of the extension */
async function prepareExtension(
  transaction: Transaction,
  installation: Installation,
  schema: string,
): Promise<string> {
  const { extensionSchema, mayUseExtension } = installation
  if (extensionSchema !== null) {
    if (!mayUseExtension) throw extensionNotUsable(installation)
    return extensionSchema
  }
  const home = (await mayCreateInPublic(transaction)) ? 'public' : schema
  await transaction.run(`CREATE EXTENSION pg_trgm SCHEMA ${escapeIdentifier(home)}`).catch((error) => {
    if (isRightMissing(error)) throw extensionNotCreatable(installation, home, error)
    if (!NOT_INSTALLED.has(error.code)) throw error
    throw new DatabaseProblem(
      `cannot get the extension pg_trgm (${error.message})`,
      "install PostgreSQL's contrib modules on its server",
      { cause: error },
    )
  })
  return home
}

/** The extension is one for the whole database: other schemas of it may need the extension as well. */
async function mayCreateInPublic({ query }: Transaction): Promise<boolean> {
  const rows = await query(
    `SELECT FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE')`,
  )
  return rows.length > 0
}
