import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../package-folder'
import { embeddedMigrationTarget, openPGlite } from '../embedded/embedded'
import { bringUpToDate } from '../migrations/bring-up-to-date'

const HEADER = `-- The whole live schema, functions included, as PostgreSQL's pg_dump prints it. Written by \`npm run schema\`. Do not edit.
-- Tables come from prisma/migrations, functions from src/**/*.sql.
`

/** Partitions look like their parents, and come and go while the gateway runs. */
const ARGS = ['--schema-only', '--no-owner', '--no-privileges', '--exclude-table=*_[0-9]*']

/** The schema of a new database in SQL, without settings, owners and what differs from one dump to the next. */
async function dumpSchema(): Promise<string> {
  // A development dependency: pg_dump as WebAssembly, so that every machine prints the same.
  const { pgDump } = await import('@electric-sql/pglite-tools/pg_dump')
  const pglite = await openPGlite()
  await bringUpToDate(embeddedMigrationTarget(pglite))
  // The package's declaration files describe PGlite twice, so the compiler takes its own PGlite for another class.
  const dump = await pgDump({ pg: pglite as never, args: ARGS })
  const lines = (await dump.text()).split('\n')
  const statements = lines.filter(
    (line) => !/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict )/.test(line),
  )
  return `${HEADER}${statements
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`
}

dumpSchema().then(
  (text) => {
    writeFileSync(join(packageFolder, 'prisma/schema.sql'), text)
    process.exit(0)
  },
  (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  },
)
