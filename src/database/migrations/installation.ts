import { DatabaseProblem } from './database-problem'
import type { SqlFunction } from './functions'
import type { Migration } from './migrations'

/** One transaction on the database that is brought up to date. */
export interface Transaction {
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>
  /** sends a script of several statements to PostgreSQL whole */
  run(script: string): Promise<unknown>
}

/** What the catalogue of the database says about this installation, and about what the role may do. Names are unquoted. */
export interface Installation {
  database: string
  databaseOwner: string
  encoding: string
  /** such as 150020 */
  versionNumber: number
  version: string
  /** a standby, or `default_transaction_read_only` */
  isReadOnly: boolean
  role: string
  /** the schema of the tables; null = neither named nor in the search_path */
  schema: string | null
  schemaExists: boolean
  schemaOwner: string | null
  mayUseSchema: boolean
  /** null = the extension is not installed */
  extensionSchema: string | null
  mayUseExtension: boolean
  /** tables of Hookgate that are in the schema */
  tables: { name: string; owner: string; mayRead: boolean; lacks: string[] }[]
  /** sequences, and functions that the gateway calls, which the role may not use */
  closedSequences: string[]
  closedFunctions: string[]
}

/** Tables that say what is installed. A role that serves reads them and writes no row. */
const NOTES = ['_prisma_migrations', 'installed_functions']

const READ_INSTALLATION = `
  WITH home AS (SELECT coalesce($1::text, current_schema()::text) AS name),
  own_tables AS (
    SELECT class.oid, class.relname, class.relowner
    FROM pg_class AS class JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN home ON nspname = home.name
    WHERE relkind IN ('r', 'p') AND relname = ANY ($2::text[])
  )
  SELECT current_database()::text AS database,
    pg_get_userbyid(datdba)::text AS "databaseOwner",
    pg_encoding_to_char(encoding)::text AS encoding,
    current_setting('server_version_num')::integer AS "versionNumber",
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS "isReadOnly",
    current_user::text AS role,
    home.name AS schema,
    own.oid IS NOT NULL AS "schemaExists",
    -- The owner of the schema public is a role of which the owner of the database is the one member.
    nullif(pg_get_userbyid(own.nspowner)::text, 'pg_database_owner') AS "schemaOwner",
    coalesce(has_schema_privilege(own.oid, 'USAGE'), false) AS "mayUseSchema",
    other.nspname::text AS "extensionSchema",
    coalesce(has_schema_privilege(other.oid, 'USAGE'), false) AS "mayUseExtension",
    (SELECT coalesce(json_agg(json_build_object(
        'name', relname,
        'owner', pg_get_userbyid(relowner),
        'mayRead', has_table_privilege(oid, 'SELECT'),
        'lacks', (
          SELECT coalesce(json_agg(needed), '[]')
          FROM unnest(CASE WHEN relname = ANY ($3::text[]) THEN '{SELECT}'::text[]
            ELSE '{SELECT,INSERT,UPDATE,DELETE}' END) AS needed
          WHERE NOT has_table_privilege(oid, needed)))), '[]')
      FROM own_tables) AS tables,
    (SELECT coalesce(json_agg(class.relname), '[]')
      FROM pg_depend JOIN own_tables ON refobjid = own_tables.oid JOIN pg_class AS class ON class.oid = objid
      WHERE refclassid = 'pg_class'::regclass AND classid = 'pg_class'::regclass
        -- CASE, because has_sequence_privilege fails for other relations, and PostgreSQL orders conditions as it likes.
        AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(class.oid, 'USAGE') ELSE false END) AS "closedSequences",
    (SELECT coalesce(json_agg(proname), '[]')
      FROM pg_proc
      WHERE pronamespace = own.oid AND proname = ANY ($4::text[])
        AND NOT has_function_privilege(pg_proc.oid, 'EXECUTE')) AS "closedFunctions"
  FROM pg_database CROSS JOIN home
  LEFT JOIN pg_namespace AS own ON own.nspname = home.name
  LEFT JOIN pg_extension ON extname = 'pg_trgm'
  LEFT JOIN pg_namespace AS other ON other.oid = extnamespace
  WHERE datname = current_database()`

/** The same for a superuser who owns everything. */
const READ_OWN_INSTALLATION = `
  SELECT current_database()::text AS database,
    current_user::text AS "databaseOwner",
    getdatabaseencoding()::text AS encoding,
    current_setting('server_version_num')::integer AS "versionNumber",
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS "isReadOnly",
    current_user::text AS role,
    current_schema()::text AS schema,
    true AS "schemaExists",
    current_user::text AS "schemaOwner",
    true AS "mayUseSchema",
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm') AS "extensionSchema",
    true AS "mayUseExtension",
    (SELECT coalesce(json_agg(json_build_object('name', relname, 'owner', current_user, 'mayRead', true, 'lacks', '[]'::json)), '[]')
      FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname = ANY ($1::text[])) AS tables,
    '[]'::json AS "closedSequences",
    '[]'::json AS "closedFunctions"`

interface Asked {
  /** of the tables; undefined = the first one in the session's search_path */
  schema?: string
  /** The role is a superuser and owns everything: nothing is read about rights. */
  ownsAll?: boolean
  migrations: Migration[]
  functions: SqlFunction[]
}

/** Reads the catalogue in one statement, which every role may run. */
export async function readInstallation(
  { query }: Transaction,
  { schema, ownsAll, migrations, functions }: Asked,
): Promise<Installation> {
  const tables = [...NOTES, ...migrations.flatMap(({ text }) => tablesOf(text))]
  const called = functions.flatMap(({ name, isCalledHere }) => (isCalledHere ? name : []))
  const [installation] = ownsAll
    ? await query<Installation>(READ_OWN_INSTALLATION, [tables])
    : await query<Installation>(READ_INSTALLATION, [schema ?? null, tables, NOTES, called])
  if (!installation) throw new Error('PostgreSQL lists no current database')
  return installation
}

/** The tables that a migration creates. */
export const tablesOf = (migration: string): string[] =>
  [...migration.matchAll(/^CREATE TABLE "(\w+)"/gm)].map(([, name = '']) => name)

/** False = the role cannot find out what is installed. */
export const mayReadNotes = ({ mayUseSchema, tables }: Installation) =>
  mayUseSchema && tables.every(({ name, mayRead }) => mayRead || !NOTES.includes(name))

export const hasTable = ({ tables }: Installation, table: string) => tables.some(({ name }) => name === table)

const OLDEST_VERSION = 14

/** @throws DatabaseProblem when no right and no migration can make this database usable */
export function refuseUnusable({ versionNumber, version, encoding }: Installation): void {
  if (versionNumber < OLDEST_VERSION * 10_000) {
    throw new DatabaseProblem(
      `is on PostgreSQL ${version}`,
      `use a server of version ${OLDEST_VERSION} or newer`,
    )
  }
  if (encoding !== 'UTF8') {
    throw new DatabaseProblem(
      `has the encoding ${encoding}, which cannot hold every text`,
      `make one by \`CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0\``,
    )
  }
}
