import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import { packageFolder } from '../../package-folder'
import { noFilters, startMigrationEngine } from './migration-engine'

export const prismaFolder = join(packageFolder, 'prisma')
export const migrationsFolder = join(prismaFolder, 'migrations')

/**
 * Replicas that start together queue up at this advisory lock, for as long as the first one needs. The engine holds
 * Prisma's own (72707369) besides, which keeps `prisma migrate deploy` away but gives up after 10 s.
 */
export const MIGRATION_LOCK = 4_860_111

/** Holds the migration lock while `act` runs. */
export type WithMigrationLock = (act: () => Promise<void>) => Promise<void>

export const readSchema = () => readFileSync(join(prismaFolder, 'schema.prisma'), 'utf8')

/** The migrations on disk, oldest first, in the form that the schema engine reads. */
export function readMigrations(): MigrationList {
  const lockfile = 'migration_lock.toml'
  return {
    baseDir: migrationsFolder,
    lockfile: { path: lockfile, content: readFileSync(join(migrationsFolder, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrationNames().map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: readMigration(name) } },
    })),
  }
}

/**
 * Brings the database to the schema of this version. Where nothing is pending the engine is not even loaded; where
 * something is, replicas that start together take turns.
 *
 * @returns the names of the migrations that this call applied
 */
export async function applyMigrations(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  withLock: WithMigrationLock,
): Promise<string[]> {
  if (await isUpToDate(adapterFactory)) return []
  let applied: string[] = []
  await withLock(async () => {
    const engine = await startMigrationEngine(readSchema(), adapterFactory)
    const output = await engine.applyMigrations({ migrationsList: readMigrations(), filters: noFilters })
    applied = output.appliedMigrationNames
  })
  return applied
}

function migrationNames(): string[] {
  const entries = readdirSync(migrationsFolder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).sort()
}

/** Tells one set of migrations from another. */
export const migrationsDigest = () =>
  sha256(
    migrationNames()
      .map((name) => `${name} ${readMigration(name)}`)
      .join(),
  ).slice(0, 16)

const readMigration = (name: string) => readFileSync(join(migrationsFolder, name, 'migration.sql'), 'utf8')

/** True when every migration on disk, letter by letter, has been finished in the database. */
async function isUpToDate(adapterFactory: SqlMigrationAwareDriverAdapterFactory): Promise<boolean> {
  const adapter = await adapterFactory.connect()
  try {
    const query = (sql: string) => adapter.queryRaw({ sql, args: [], argTypes: [] })
    const table = await query("SELECT to_regclass('_prisma_migrations')::text")
    if (table.rows[0]?.[0] == null) return false
    const finished = await query(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    )
    const checksums = new Map(finished.rows.map(([name, checksum]) => [name, checksum]))
    return migrationNames().every((name) => checksums.get(name) === sha256(readMigration(name)))
  } finally {
    await adapter.dispose()
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
