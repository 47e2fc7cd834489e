import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { packageFolder } from '../../package-folder'
import { makePrivateFolder } from '../../private-folder'
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
 *
 * @throws Error with a message for the operator
 */
export async function openEmbedded(dataDir: string): Promise<{ pglite: PGlite; panic: Promise<Error> }> {
  const folder = join(dataDir, 'postgres')
  const mark = `${folder}.unfinished`
  if (existsSync(mark)) rmSync(folder, { recursive: true, force: true })
  const isNew = !existsSync(folder)
  if (isNew) writeFileSync(mark, '')
  // The database writes files that everybody may read, as far as their folder lets them.
  if (makePrivateFolder(folder) === 'everybody') throw notPrivate(folder)
  const pglite = await openPGlite(folder, isNew ? readNewDatabase() : undefined).catch((error) => {
    throw new Error(
      `The embedded database in ${dataDir} does not start: ${error.message}. Is there room on its disk?`,
      { cause: error },
    )
  })
  rmSync(mark, { force: true })
  return { pglite, panic: watchForPanic(pglite) }
}

const notPrivate = (folder: string) =>
  new Error(
    `The folder ${folder} of the embedded database is open to everybody and belongs to another user: run \`chmod 700 ${folder}\` as its owner, or set HOOKGATE_DATA_DIR to another folder.`,
  )

/** The embedded database, to be brought up to date. */
export const embeddedMigrationTarget = (pglite: PGlite): MigrationTarget => ({
  ownsAll: true,
  transaction: (act) =>
    pglite.transaction((transaction) =>
      act({
        run: (script) => transaction.exec(script),
        query: async <Row>(text: string, values?: unknown[]) =>
          (await transaction.query<Row>(text, values)).rows,
      }),
    ),
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
