import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { applyMigrations } from '../migrations/migrations'
import { newDatabaseFile, openPGlite } from './embedded'

/** `npm run build:database`: keeps a new embedded database, brought up to date, for first starts to begin with. */
async function main(): Promise<void> {
  const pglite = await openPGlite()
  await applyMigrations(new PrismaPGlite(pglite), (act) => act())
  const content = await pglite.dumpDataDir('gzip')
  await pglite.close()
  const file = newDatabaseFile()
  const folder = dirname(file)
  for (const name of readdirSync(folder)) if (name.endsWith('.tar.gz')) rmSync(join(folder, name))
  writeFileSync(file, Buffer.from(await content.arrayBuffer()))
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
})
