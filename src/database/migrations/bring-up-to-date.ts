import { createHash } from 'node:crypto'
import { escapeIdentifier } from 'pg'
import type { Logger } from 'pino'
import { applyMigration } from './apply-migration'
import { DatabaseProblem, isRightMissing } from './database-problem'
import { installScript, readFunctions, type SqlFunction } from './functions'
import {
  hasTable,
  type Installation,
  mayReadNotes,
  readInstallation,
  refuseUnusable,
  type Transaction,
} from './installation'
import { type Migration, readMigrations } from './migrations'
import { notChangeable, refuseMissingRights } from './missing-rights'
import { prepareSchema } from './prepare-schema'

/**
 * Prisma's own advisory lock. It makes replicas that start together wait for each other, and keeps `prisma migrate deploy` away.
 * It belongs to a transaction, so it also works behind a pooler.
 */
const MIGRATION_LOCK = 72_707_369

/** The database to bring up to date. */
export interface MigrationTarget {
  /** the schema of the tables; undefined = the first one in the session's search_path */
  schema?: string
  /** the role is a superuser and owns everything */
  ownsAll?: boolean
  /** Runs `act` in one transaction, which is rolled back when it throws. */
  transaction<Result>(act: (transaction: Transaction) => Promise<Result>): Promise<Result>
}

/** The names of what one call changed in the database. */
export interface Applied {
  migrations: string[]
  functions: string[]
}

/**
 * Brings the database to the tables and functions of this version, as `prisma migrate deploy` would. Each migration is one
 * transaction with its note, and so are the functions: whenever the process is killed, the next call continues.
 *
 * @param onWaiting called when another process holds the migration lock
 * @throws DatabaseProblem
 */
export async function bringUpToDate(target: MigrationTarget, onWaiting = () => {}): Promise<Applied> {
  const applied: Applied = { migrations: [], functions: [] }
  const { schema, ownsAll } = target
  const version: Version = { schema, ownsAll, migrations: readMigrations(), functions: readFunctions() }
  // Nearly every start finds that nothing is pending. It takes no lock.
  while (await target.transaction((transaction) => isPending(transaction, version))) {
    await target.transaction(async (transaction) => {
      await lock(transaction, onWaiting)
      await applyNext(transaction, version, applied)
    })
  }
  return applied
}

export function logApplied(applied: Applied, log: Logger): void {
  if (applied.migrations.length + applied.functions.length > 0)
    log.info({ applied }, 'database brought up to date')
}

/** Differs whenever the text of a migration or of a function differs. */
export function schemaDigest(): string {
  const hash = createHash('sha256')
  for (const { name, checksum } of readMigrations()) hash.update(`${name} ${checksum}\n`)
  for (const { name, digest } of readFunctions()) hash.update(`${name} ${digest}\n`)
  return hash.digest('hex').slice(0, 16)
}

interface Version {
  schema: string | undefined
  ownsAll: boolean | undefined
  migrations: Migration[]
  functions: SqlFunction[]
}

interface Pending {
  migrations: Migration[]
  functions: SqlFunction[]
}

/** @throws DatabaseProblem when this role cannot use the database or cannot bring it up to date */
async function isPending(transaction: Transaction, version: Version): Promise<boolean> {
  const installation = await readInstallation(transaction, version)
  refuseUnusable(installation)
  const pending = await readPending(transaction, installation, version)
  const isUpToDate = pending.migrations.length === 0 && pending.functions.length === 0
  if (isUpToDate) refuseMissingRights(installation)
  else if (installation.isReadOnly) {
    throw new DatabaseProblem(
      'is not up to date, and it is read-only (a standby, or default_transaction_read_only)',
      'name the primary, or run `hookgate migrate` there first',
    )
  }
  return !isUpToDate
}

async function lock({ query }: Transaction, onWaiting: () => void): Promise<void> {
  // A migration of a large table may take long, and so may the wait for another process.
  await query('SET LOCAL statement_timeout = 0')
  await query('SET LOCAL lock_timeout = 0')
  const [free] = await query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [
    MIGRATION_LOCK,
  ])
  if (free?.taken) return
  onWaiting()
  await query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
}

/** Applies the first pending migration, or the functions after the last one. */
async function applyNext(transaction: Transaction, version: Version, applied: Applied): Promise<void> {
  // Read once more: another process may have held the lock until now.
  const installation = await readInstallation(transaction, version)
  const pending = await readPending(transaction, installation, version)
  const [migration] = pending.migrations
  try {
    await prepareSchema(transaction, installation)
    if (migration) {
      await applyMigration(transaction, installation, migration)
      applied.migrations.push(migration.name)
    } else if (pending.functions.length > 0) {
      await transaction.run(installScript(pending.functions))
      // Without a partition, no event can be stored.
      await transaction.run('SELECT make_event_partitions()')
      applied.functions.push(...pending.functions.map(({ name }) => name))
    }
  } catch (error) {
    throw isRightMissing(error) ? notChangeable(installation, error) : error
  }
}

async function readPending(
  { query }: Transaction,
  installation: Installation,
  { migrations, functions }: Version,
): Promise<Pending> {
  if (!hasTable(installation, '_prisma_migrations')) return { migrations, functions }
  if (!mayReadNotes(installation)) refuseMissingRights(installation)
  const notes = tableName(installation, '_prisma_migrations')
  const finished = await query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM ${notes} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  )
  if (finished.length === 0) return { migrations, functions }
  const checksums = new Map(finished.map(({ name, checksum }) => [name, checksum]))
  refuseUnknown(checksums, migrations)
  const installed = await query<{ name: string; digest: string }>(
    `SELECT name, digest FROM ${tableName(installation, 'installed_functions')}`,
  )
  const digests = new Map(installed.map(({ name, digest }) => [name, digest]))
  // A database of a newer version: its functions know columns that those of this version would not write. Install only
  // functions that are missing.
  const isNewer = [...checksums.keys()].some(
    (name) => !migrations.some((migration) => migration.name === name),
  )
  return {
    migrations: migrations.filter(({ name }) => !checksums.has(name)),
    functions: functions.filter(({ name, digest }) =>
      isNewer ? !digests.has(name) : digests.get(name) !== digest,
    ),
  }
}

const tableName = ({ schema }: Installation, table: string) => `${escapeIdentifier(schema ?? '')}.${table}`

/**
 * Compares the applied migrations with those of this version. A database of a newer version has more migrations, which is no
 * error: an older process keeps working beside a newer one.
 *
 * @throws DatabaseProblem
 */
function refuseUnknown(checksums: Map<string, string>, migrations: Migration[]): void {
  const [first] = migrations
  const isKnown = migrations.some(({ name }) => checksums.has(name))
  if (!isKnown) {
    const [other] = checksums.keys()
    throw new DatabaseProblem(
      `holds the tables of another program (its first migration is ${other})`,
      'use an empty database, or name a schema of its own, such as `?schema=hookgate`',
    )
  }
  const isEdited = migrations.some(
    ({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum,
  )
  if (isEdited || (first && !checksums.has(first.name))) {
    throw new DatabaseProblem(
      'was made by an unreleased version of Hookgate and cannot be brought up to date',
      'use an empty database',
    )
  }
}
