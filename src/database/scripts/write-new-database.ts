import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { embeddedMigrationTarget, newDatabaseFile, openPGlite } from '../embedded/embedded'
import { bringUpToDate } from '../migrations/bring-up-to-date'

/** `npm run build:database`: writes an empty embedded database that is up to date. A first start unpacks this file. */
async function main(): Promise<void> {
  const pglite = await openPGlite()
  await bringUpToDate(embeddedMigrationTarget(pglite))
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
