import { escapeIdentifier } from 'pg'
import { DatabaseProblem } from './database-problem'
import { hasTable, type Installation } from './installation'

/** PostgreSQL's key words that are no names (its documentation, appendix C), without those that nobody takes for a name. */
const RESERVED =
  /^(all|and|any|array|as|asc|authorization|binary|both|case|cast|check|collate|column|constraint|create|cross|default|desc|distinct|do|else|end|except|false|fetch|for|foreign|freeze|from|full|grant|group|having|in|inner|into|is|join|left|like|limit|natural|not|null|offset|on|only|or|order|outer|primary|references|returning|right|select|similar|some|table|then|to|true|union|unique|user|using|verbose|when|where|window|with)$/

/** A name in a statement that a person reads, quoted where it must be. */
export const sqlName = (name: string) =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.test(name) ? name : escapeIdentifier(name)

/**
 * Checks the rights of a role that serves: every table, sequence and function of an installed version.
 *
 * @throws DatabaseProblem with the statements that grant the missing rights
 */
export function refuseMissingRights(installation: Installation): void {
  const { mayUseSchema, tables, closedSequences, closedFunctions } = installation
  const closedTables = tables.filter(({ lacks }) => lacks.length > 0)
  const missing = [
    ...(mayUseSchema ? [] : [`USAGE on the schema`]),
    ...closedTables.map(({ name, lacks }) => `${lacks.join(', ')} on ${sqlName(name)}`),
    ...closedSequences.map((name) => `USAGE on ${sqlName(name)}`),
    ...closedFunctions.map((name) => `EXECUTE on ${sqlName(name)}`),
  ]
  if (missing.length === 0) return
  throw new DatabaseProblem(
    `does not let the role ${sqlName(installation.role)} read and write (it lacks ${missing.join('; ')})`,
    `run \`${grants(installation)}\` as ${ownerOfTables(installation)}`,
  )
}

/** All that a role that serves needs, also for the tables of later versions. */
function grants({ schema, role, closedFunctions }: Installation): string {
  const [place, to] = [`SCHEMA ${sqlName(schema ?? '')}`, `TO ${sqlName(role)};`]
  const functions = closedFunctions.map((name) => `${sqlName(schema ?? '')}.${sqlName(name)}`)
  return [
    `GRANT USAGE ON ${place} ${to}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN ${place} ${to}`,
    `GRANT USAGE ON ALL SEQUENCES IN ${place} ${to}`,
    ...(functions.length > 0 ? [`GRANT EXECUTE ON FUNCTION ${functions.join(', ')} ${to}`] : []),
    `ALTER DEFAULT PRIVILEGES IN ${place} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES ${to}`,
    `ALTER DEFAULT PRIVILEGES IN ${place} GRANT USAGE ON SEQUENCES ${to}`,
    ...(functions.length > 0
      ? [`ALTER DEFAULT PRIVILEGES IN ${place} GRANT EXECUTE ON FUNCTIONS ${to}`]
      : []),
  ].join(' ')
}

export function schemaNotCreatable({ schema, role, database, databaseOwner }: Installation): DatabaseProblem {
  const [own, name] = [sqlName(schema ?? ''), sqlName(role)]
  return new DatabaseProblem(
    `lacks the schema ${own}, which the role ${name} may not create`,
    `run \`CREATE SCHEMA ${own} AUTHORIZATION ${name}\` in the database ${sqlName(database)} as its owner, ${sqlName(databaseOwner)}, or as a superuser; or run \`hookgate migrate\` as that owner`,
  )
}

export function extensionNotCreatable({ role, databaseOwner }: Installation, schema: string, cause: unknown) {
  return new DatabaseProblem(
    `lacks the extension pg_trgm, which the role ${sqlName(role)} may not create`,
    `run \`CREATE EXTENSION pg_trgm SCHEMA ${sqlName(schema)}\` in it as its owner, ${sqlName(databaseOwner)}, or as a superuser; or run \`hookgate migrate\` as that owner`,
    { cause },
  )
}

export function extensionNotUsable({ role, extensionSchema }: Installation): DatabaseProblem {
  const schema = sqlName(extensionSchema ?? '')
  return new DatabaseProblem(
    `has the extension pg_trgm in the schema ${schema}, which the role ${sqlName(role)} may not use`,
    `run \`GRANT USAGE ON SCHEMA ${schema} TO ${sqlName(role)}\` as the owner of that schema`,
  )
}

/** PostgreSQL refused a change of the schema. */
export function notChangeable(installation: Installation, cause: unknown): DatabaseProblem {
  const { schema, role, schemaOwner, databaseOwner } = installation
  if (hasTable(installation, 'installed_functions')) {
    return new DatabaseProblem(
      `is not up to date, and the role ${sqlName(role)} may not change it`,
      `run \`hookgate migrate\` as the owner of its tables, ${ownerOfTables(installation)}`,
      { cause },
    )
  }
  const owner = sqlName(schemaOwner ?? databaseOwner)
  return new DatabaseProblem(
    `holds no tables of Hookgate, and the role ${sqlName(role)} may not create them in the schema ${sqlName(schema ?? '')}`,
    `run \`hookgate migrate\` as a role that may, or \`GRANT USAGE, CREATE ON SCHEMA ${sqlName(schema ?? '')} TO ${sqlName(role)}\` as the owner of the schema, ${owner}`,
    { cause },
  )
}

function ownerOfTables({ tables, databaseOwner }: Installation): string {
  const owner = tables.find(({ name }) => name === 'installed_functions')?.owner
  return sqlName(owner ?? databaseOwner)
}
