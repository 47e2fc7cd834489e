import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { PrismaPGlite } from 'pglite-prisma-adapter'

/** An empty database as a gzipped tar, made by the build: to unpack it takes half the time that making one does. */
export const EMPTY_CLUSTER = join(__dirname, 'empty-cluster.tar.gz')

/**
 * Opens the embedded PostgreSQL below the data folder, which the caller has locked. While the first start builds the
 * database a mark stands beside it: what a kill in between left half-made is built anew, and nothing else ever is.
 */
export async function openEmbedded(dataDir: string): Promise<{ pglite: PGlite; adapter: PrismaPGlite }> {
  const folder = join(dataDir, 'postgres')
  const mark = `${folder}.unfinished`
  if (existsSync(mark)) rmSync(folder, { recursive: true, force: true })
  if (!existsSync(folder)) writeFileSync(mark, '')
  const pglite = await openPGlite(folder, existsSync(folder) ? undefined : readEmptyCluster())
  rmSync(mark, { force: true })
  return { pglite, adapter: new PrismaPGlite(pglite) }
}

/**
 * @param folder undefined = in memory, gone with the process
 * @param cluster what a new folder starts from; undefined = PostgreSQL makes it
 */
export async function openPGlite(folder?: string, cluster?: Blob): Promise<PGlite> {
  return PGlite.create({ dataDir: folder, extensions: { pg_trgm }, loadDataDir: cluster })
}

function readEmptyCluster(): Blob | undefined {
  if (!existsSync(EMPTY_CLUSTER)) return undefined
  return new Blob([readFileSync(EMPTY_CLUSTER)], { type: 'application/x-gzip' })
}
