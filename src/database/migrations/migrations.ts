import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../package-folder'

export const migrationsFolder = join(packageFolder, 'prisma/migrations')

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
