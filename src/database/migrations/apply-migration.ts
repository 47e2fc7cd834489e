import { DatabaseProblem, isDuplicate } from './database-problem'
import { hasTable, type Installation, type Transaction, tablesOf } from './installation'
import type { Migration } from './migrations'

/** Prisma's table of migrations, as Prisma's own command line creates it. */
const CREATE_NOTES = `
  CREATE TABLE _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`

/** A row that was written before a migration and not completed after it. */
interface Unfinished {
  checksum: string
  hasFailed: boolean
}

/**
 * Applies one migration and notes it, as Prisma notes migrations. Both are in the caller's transaction, so an interruption at any
 * moment leaves nothing behind.
 *
 * Prisma's own command line (`prisma migrate deploy`) notes a migration in two steps, before and after the script. If it is killed
 * between them, the script was applied as a whole or not at all: the tables show which.
 *
 * @throws DatabaseProblem when the schema holds something else under a name of the migration
 */
export async function applyMigration(
  transaction: Transaction,
  installation: Installation,
  migration: Migration,
): Promise<void> {
  const { query, run } = transaction
  if (!hasTable(installation, '_prisma_migrations')) await run(CREATE_NOTES)
  const unfinished = await readUnfinished(transaction, migration)
  const isApplied = !(await runUnlessApplied(transaction, installation, migration, unfinished))
  if (isApplied && unfinished?.checksum !== migration.checksum) {
    throw new DatabaseProblem(
      'was made by an unreleased version of Hookgate and cannot be brought up to date',
      'use an empty database',
    )
  }
  await query(
    `UPDATE _prisma_migrations SET rolled_back_at = now()
    WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
    [migration.name],
  )
  await query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    VALUES (gen_random_uuid(), $1, $2, now(), clock_timestamp(), 1)`,
    [migration.checksum, migration.name],
  )
}

async function readUnfinished({ query }: Transaction, { name }: Migration): Promise<Unfinished | undefined> {
  const [row] = await query<Unfinished>(
    `SELECT checksum, coalesce(logs, '') <> '' AS "hasFailed" FROM _prisma_migrations
    WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL
    ORDER BY started_at DESC LIMIT 1`,
    [name],
  )
  return row
}

/** @returns false = the script had been applied before */
async function runUnlessApplied(
  { run }: Transaction,
  installation: Installation,
  { text }: Migration,
  unfinished: Unfinished | undefined,
): Promise<boolean> {
  const mayBeApplied = unfinished !== undefined && !unfinished.hasFailed
  await run('SAVEPOINT before_migration')
  try {
    await run(text)
    return true
  } catch (error) {
    if (!isDuplicate(error)) throw error
    await run('ROLLBACK TO SAVEPOINT before_migration')
    if (mayBeApplied && tablesOf(text).every((table) => hasTable(installation, table))) return false
    throw new DatabaseProblem(
      `holds something else already (${(error as Error).message})`,
      'use an empty database, or name a schema of its own, such as `?schema=hookgate`',
      { cause: error },
    )
  }
}
