import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'

/**
 * Opens the embedded PostgreSQL below the data folder, which the caller has locked. The first start builds the
 * database beside its final place and moves it there whole, so that a kill in between leaves nothing half-made.
 */
export async function openEmbedded(dataDir: string): Promise<PGlite> {
  const folder = join(dataDir, 'postgres')
  if (!existsSync(folder)) {
    const draft = `${folder}.new`
    rmSync(draft, { recursive: true, force: true })
    await (await openPGlite(draft)).close()
    renameSync(draft, folder)
  }
  return openPGlite(folder)
}

/** @param folder undefined = in memory, gone with the process */
export async function openPGlite(folder?: string): Promise<PGlite> {
  return PGlite.create({ dataDir: folder, extensions: { pg_trgm } })
}
