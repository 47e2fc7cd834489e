import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { openPGlite } from './embedded'
import { noFilters, startMigrationEngine } from './migration-engine'
import { migrationsFolder, readMigrations, readSchema } from './migrations'

/**
 * `npm run migration -- NAME`: writes the migration that leads from those on disk to prisma/schema.prisma, with no
 * network and no database server. The history is replayed on databases in memory.
 *
 * @returns the new folder's name, or undefined when the schema holds nothing new
 */
async function writeMigration(migrationName: string): Promise<string | undefined> {
  const connect = async () => new PrismaPGlite(await openPGlite()).connect()
  const adapterFactory = new PrismaPGlite(await openPGlite())
  // The adapter's own shadow database lacks the extensions that the migrations need.
  adapterFactory.connectToShadowDb = connect
  const schema = readSchema()
  const engine = await startMigrationEngine(schema, adapterFactory)
  const { generatedMigrationName, migrationScript } = await engine.createMigration({
    draft: false,
    migrationName,
    migrationsList: readMigrations(),
    schema: { files: [{ path: 'schema.prisma', content: schema }] },
    filters: noFilters,
  })
  if (migrationScript === null) return undefined
  mkdirSync(join(migrationsFolder, generatedMigrationName))
  writeFileSync(join(migrationsFolder, generatedMigrationName, 'migration.sql'), migrationScript)
  return generatedMigrationName
}

async function main(name: string | undefined): Promise<void> {
  if (name === undefined) throw new Error('Usage: npm run migration -- NAME')
  const written = await writeMigration(name)
  const outcome = written
    ? `Wrote prisma/migrations/${written}`
    : 'Nothing to write: the schema has not changed.'
  process.stdout.write(`${outcome}\n`)
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
