import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { packageFolder } from '../../package-folder'
import { type MigrationTarget, schemaDigest } from '../migrations/bring-up-to-date'
import { watchForPanic } from './panic'

/**
 * The file with an empty database that is up to date, written by the build. Unpacking the file takes half as long as creating a
 * database. Its name holds the digest of the schema, so a file of another schema is not found.
 */
export const newDatabaseFile = () => join(packageFolder, 'dist', `new-database-${schemaDigest()}.tar.gz`)

/**
 * Opens the embedded PostgreSQL below the data folder, which the caller has locked. While the first start creates the
 * database, a mark is beside it: if the process dies meanwhile, the next start sees the mark and starts over.
 */
export async function openEmbedded(dataDir: string): Promise<{ pglite: PGlite; panic: Promise<Error> }> {
  const folder = join(dataDir, 'postgres')
  const mark = `${folder}.unfinished`
  if (existsSync(mark)) rmSync(folder, { recursive: true, force: true })
  if (!existsSync(folder)) writeFileSync(mark, '')
  const pglite = await openPGlite(folder, existsSync(folder) ? undefined : readNewDatabase())
  rmSync(mark, { force: true })
  return { pglite, panic: watchForPanic(pglite) }
}

/** The embedded database, to be brought up to date. The folder lock keeps other processes away already. */
export const embeddedMigrationTarget = (pglite: PGlite): MigrationTarget => ({
  schema: 'public',
  adapterFactory: new PrismaPGlite(pglite),
  withLock: (act) => act(),
  runScript: (script) => pglite.exec(script),
})

/**
 * PostgreSQL's own cache. PostgreSQL fills the cache with zeros before it starts, which takes a third of a second at the default
 * of 128 MB. The operating system also caches the files.
 */
const SHARED_BUFFERS = '16MB'

/**
 * @param folder undefined = in memory
 * @param content a packed database for a new folder; undefined = PostgreSQL creates an empty database
 */
export async function openPGlite(folder?: string, content?: Blob): Promise<PGlite> {
  return PGlite.create({
    dataDir: folder,
    extensions: { pg_trgm },
    loadDataDir: content,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`],
  })
}

function readNewDatabase(): Blob | undefined {
  const file = newDatabaseFile()
  if (!existsSync(file)) return undefined
  return new Blob([readFileSync(file)], { type: 'application/x-gzip' })
}
