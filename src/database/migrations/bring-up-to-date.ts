import { createHash } from 'node:crypto'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { Logger } from 'pino'
import { installScript, readFunctions, type SqlFunction } from './functions'
import { noFilters, startMigrationEngine } from './migration-engine'
import { type Migration, migrationList, readMigrations, readSchema } from './migrations'

/**
 * Replicas that start together wait for each other at this advisory lock. The schema engine takes Prisma's own lock
 * (72707369) as well, which keeps `prisma migrate deploy` away but gives up after 10 s.
 */
export const MIGRATION_LOCK = 4_860_111

/** The database to bring up to date. */
export interface MigrationTarget {
  /** the schema of the tables, which may be missing */
  schema: string
  adapterFactory: AdapterFactory
  /** holds the migration lock while `act` runs */
  withLock(act: () => Promise<void>): Promise<void>
  /** sends a script of several statements to PostgreSQL whole, so that it runs as one transaction */
  runScript(script: string): Promise<unknown>
}

/** The names of what one call changed in the database. */
export interface Applied {
  migrations: string[]
  functions: string[]
}

/** The database was made by a text of the migrations that this version does not know. */
export class UnknownSchemaError extends Error {
  override name = 'UnknownSchemaError'
}

type AdapterFactory = SqlMigrationAwareDriverAdapterFactory

/**
 * Brings the database to the tables and functions of this version. Migrations run through Prisma's schema engine, exactly as
 * `prisma migrate deploy` runs them; the engine is loaded only when a migration is pending.
 *
 * @throws UnknownSchemaError
 */
export async function bringUpToDate({
  schema,
  adapterFactory,
  withLock,
  runScript,
}: MigrationTarget): Promise<Applied> {
  const applied: Applied = { migrations: [], functions: [] }
  const [migrations, functions] = [readMigrations(), readFunctions()]
  const pending = await readPending(adapterFactory, schema, migrations, functions)
  if (pending.migrations.length === 0 && pending.functions.length === 0) return applied
  await withLock(async () => {
    if (pending.migrations.length > 0) applied.migrations = await applyMigrations(adapterFactory, migrations)
    // Read once more: another replica may have held the lock until now.
    const { functions: changed } = await readPending(adapterFactory, schema, migrations, functions)
    if (changed.length > 0) await runScript(installScript(changed))
    applied.functions = changed.map(({ name }) => name)
  })
  return applied
}

export function logApplied(applied: Applied, log: Logger): void {
  if (applied.migrations.length + applied.functions.length > 0)
    log.info({ applied }, 'database brought up to date')
}

/** Differs whenever the text of a migration or of a function differs. */
export function schemaDigest(): string {
  const hash = createHash('sha256')
  for (const { name, checksum } of readMigrations()) hash.update(`${name} ${checksum}\n`)
  for (const { name, digest } of readFunctions()) hash.update(`${name} ${digest}\n`)
  return hash.digest('hex').slice(0, 16)
}

interface Pending {
  migrations: Migration[]
  functions: SqlFunction[]
}

async function readPending(
  factory: AdapterFactory,
  schema: string,
  migrations: Migration[],
  functions: SqlFunction[],
): Promise<Pending> {
  const adapter = await factory.connect()
  const query = async (sql: string) => (await adapter.queryRaw({ sql, args: [], argTypes: [] })).rows
  try {
    // Named with the schema: another program's table of this name may be in a schema that the search_path holds as well.
    const [table] = await query(
      `SELECT to_regclass('"${schema.replaceAll('"', '""').replaceAll("'", "''")}"._prisma_migrations')::text`,
    )
    if (table?.[0] == null) return { migrations, functions }
    const finished = await query(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    )
    const checksums = new Map(finished.map(([name, checksum]) => [name, checksum]))
    if (checksums.size === 0) return { migrations, functions }
    refuseUnknown(checksums, migrations)
    const installed = await query('SELECT name, digest FROM installed_functions')
    const digests = new Map(installed.map(([name, digest]) => [name, digest]))
    // A database of a newer version: its functions know columns that those of this version would not write. Install only
    // functions that are missing.
    const isNewer = [...checksums.keys()].some(
      (name) => !migrations.some((migration) => migration.name === name),
    )
    return {
      migrations: migrations.filter(({ name }) => !checksums.has(name)),
      functions: functions.filter(({ name, digest }) =>
        isNewer ? !digests.has(name) : digests.get(name) !== digest,
      ),
    }
  } finally {
    await adapter.dispose()
  }
}

/**
 * Compares the applied migrations with those of this version. A database of a newer version has more migrations, which is no
 * error: an older process keeps working beside a newer one.
 *
 * @throws UnknownSchemaError
 */
function refuseUnknown(checksums: Map<unknown, unknown>, migrations: Migration[]): void {
  const [first] = migrations
  const isEdited = migrations.some(
    ({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum,
  )
  if (isEdited || (first && !checksums.has(first.name))) {
    throw new UnknownSchemaError(
      'was made by an unreleased version of Hookgate and cannot be brought up to date',
    )
  }
}

async function applyMigrations(factory: AdapterFactory, migrations: Migration[]): Promise<string[]> {
  const engine = await startMigrationEngine(readSchema(), factory)
  const { appliedMigrationNames } = await engine.applyMigrations({
    migrationsList: migrationList(migrations),
    filters: noFilters,
  })
  return appliedMigrationNames
}
