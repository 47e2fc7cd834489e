import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import { packageFolder } from '../../package-folder'

const prismaFolder = join(packageFolder, 'prisma')
export const migrationsFolder = join(prismaFolder, 'migrations')

export const readSchema = () => readFileSync(join(prismaFolder, 'schema.prisma'), 'utf8')

/** A migration on disk, with the checksum that Prisma notes in the table _prisma_migrations. */
export interface Migration {
  name: string
  text: string
  /** SHA-256 of the text, in hex */
  checksum: string
}

/** The migrations on disk, oldest first. */
export function readMigrations(): Migration[] {
  const entries = readdirSync(migrationsFolder, { withFileTypes: true })
  const names = entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).sort()
  return names.map((name) => {
    const text = readFileSync(join(migrationsFolder, name, 'migration.sql'), 'utf8')
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
  })
}

/** Migrations in the form that the schema engine reads. */
export function migrationList(migrations: Migration[]): MigrationList {
  const lockfile = 'migration_lock.toml'
  return {
    baseDir: migrationsFolder,
    lockfile: { path: lockfile, content: readFileSync(join(migrationsFolder, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, text }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: text } },
    })),
  }
}
