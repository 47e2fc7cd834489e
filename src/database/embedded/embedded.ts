import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { packageFolder } from '../../package-folder'
import { migrationsDigest } from '../migrations/migrations'
import { watchForPanic } from './panic'

/**
 * Where the build keeps a new database, its migrations applied: to unpack it takes half the time that making one does.
 * The name tells which migrations, so that after a change of these it is not found rather than wrong.
 */
export const newDatabaseFile = () => join(packageFolder, 'dist', `new-database-${migrationsDigest()}.tar.gz`)

/**
 * Opens the embedded PostgreSQL below the data folder, which the caller has locked. While the first start builds the
 * database a mark stands beside it: what a kill in between left half-made is built anew, and nothing else ever is.
 */
export async function openEmbedded(
  dataDir: string,
): Promise<{ pglite: PGlite; adapter: PrismaPGlite; panic: Promise<Error> }> {
  const folder = join(dataDir, 'postgres')
  const mark = `${folder}.unfinished`
  if (existsSync(mark)) rmSync(folder, { recursive: true, force: true })
  if (!existsSync(folder)) writeFileSync(mark, '')
  const pglite = await openPGlite(folder, existsSync(folder) ? undefined : readNewDatabase())
  rmSync(mark, { force: true })
  return { pglite, adapter: new PrismaPGlite(pglite), panic: watchForPanic(pglite) }
}

/**
 * PostgreSQL's own cache: before it starts it writes zeros over all of it, a third of a second for its default of 128 MB.
 * What is not in there is mostly in the operating system's.
 */
const SHARED_BUFFERS = '16MB'

/**
 * @param folder undefined = in memory, gone with the process
 * @param content what a new folder starts from; undefined = PostgreSQL makes an empty database
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
