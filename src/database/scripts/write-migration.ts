import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { packageFolder } from '../../package-folder'
import { embeddedMigrationTarget, openPGlite } from '../embedded/embedded'
import { bringUpToDate } from '../migrations/bring-up-to-date'
import { migrationsFolder } from '../migrations/migrations'
import { noFilters, startMigrationEngine } from './migration-engine'

/**
 * The SQL that is missing between the migrations on disk and prisma/schema.prisma; undefined = nothing. Applies the migrations
 * to a database in memory, so it needs neither a network nor a server.
 */
async function pendingChanges(): Promise<string | undefined> {
  const schema = readFileSync(join(packageFolder, 'prisma/schema.prisma'), 'utf8')
  const files = [{ path: 'schema.prisma', content: schema }]
  const pglite = await openPGlite()
  await bringUpToDate(embeddedMigrationTarget(pglite))
  const engine = await startMigrationEngine(schema, new PrismaPGlite(pglite))
  const { exitCode, stdout } = await engine.diff({
    // From the tables in memory to the tables of schema.prisma.
    from: { tag: 'schemaDatasource', files, configDir: '' },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: true,
    filters: noFilters,
  })
  return exitCode === 0 ? undefined : (stdout ?? undefined)
}

/** `npm run migration -- NAME`: writes the next migration below prisma/migrations. */
async function main(name = ''): Promise<void> {
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error('Usage: npm run migration -- NAME (letters, digits and _)')
  const sql = await pendingChanges()
  if (sql === undefined) {
    process.stdout.write('Nothing to write: the migrations lead to the schema already.\n')
    return
  }
  const folder = `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`
  mkdirSync(join(migrationsFolder, folder))
  writeFileSync(join(migrationsFolder, folder, 'migration.sql'), sql)
  process.stdout.write(`Wrote prisma/migrations/${folder}/migration.sql\n`)
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
