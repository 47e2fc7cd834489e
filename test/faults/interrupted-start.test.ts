import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { runCommand, startCommand } from '../support/commands'
import { startCutOffProxy } from '../support/cut-off-proxy'
import { inDatabase } from '../support/database-roles'
import { createEmptyDatabase } from '../support/empty-database'
import {
  JWT_SECRET,
  spawnGateway,
  startTestGateway,
  type TestDatabase,
  testDatabase,
  testGateway,
} from '../support/gateway'
import { seededRandom } from '../support/random'
import { until } from '../support/until'

jest.setTimeout(900_000)

/** The lock that Prisma's own command line takes as well. */
const LOCK = 72_707_369

const [MIGRATION = ''] = readdirSync(join(__dirname, '../../prisma/migrations')).sort()

/** A gateway starts on the database and stores an endpoint. */
async function expectServing(database: TestDatabase): Promise<void> {
  const gateway = await startTestGateway({}, database)
  const { id } = await gateway.createEndpoint()
  const { status } = await gateway.rest('PATCH', `endpoint/${id}/`, { json: { description: 'works' } })
  expect(status).toBe(200)
  expect(await gateway.end()).toBe(0)
}

/** The migration is on record exactly once. */
async function expectNotedOnce(database: TestDatabase): Promise<void> {
  const finished = await inDatabase(
    database,
    'SELECT migration_name, applied_steps_count FROM _prisma_migrations WHERE finished_at IS NOT NULL',
  )
  expect(finished).toEqual([{ migration_name: MIGRATION, applied_steps_count: 1 }])
  const open = await inDatabase(
    database,
    'SELECT id FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  )
  expect(open).toEqual([])
}

describe('After a first migration that was interrupted, the next start continues', () => {
  it('whatever message to the server was the last one', async () => {
    const database = await createEmptyDatabase()
    let cutAt = 1
    for (; ; cutAt += 1) {
      await inDatabase(database, 'DROP SCHEMA public CASCADE', 'CREATE SCHEMA public')
      let sent = 0
      const proxy = await startCutOffProxy(database.env.DATABASE_URL, {
        stallBefore(_chunk, speaker) {
          if (speaker === 'client') sent += 1
          if (sent === cutAt) proxy.cut()
          return false
        },
      })
      const { code, stderr } = await runCommand('migrate', { ...database.env, DATABASE_URL: proxy.url })
      proxy.close()
      if (code === 0) break
      expect(stderr).toMatch(
        /^hookgate: (The database server at \S+ does not answer|Cannot connect to the database: .+) \(DATABASE_URL\)(: .+)?\.\n$/,
      )
      expect(await runCommand('migrate', database.env)).toMatchObject({ code: 0 })
      await expectNotedOnce(database)
    }
    // Fewer messages would not be a migration.
    expect(cutAt).toBeGreaterThan(15)
    await expectServing(database)
    await database.remove()
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('of several replicas of which one gets %s', async (signal) => {
    const random = seededRandom()
    for (let turn = 0; turn < 4; turn += 1) {
      const database = await createEmptyDatabase()
      const env = { HOOKGATE_JWT_SECRET: JWT_SECRET, ...database.env }
      const [victim, ...others] = [0, 1, 2].map(() => spawnGateway(env))
      await sleep(random.between(50, 900))
      victim?.process.kill(signal)
      await victim?.exited
      for (const other of others) {
        const gateway = await testGateway(other, database)
        await gateway.createEndpoint()
        expect(await gateway.end()).toBe(0)
      }
      await expectNotedOnce(database)
      await expectServing(database)
      await database.remove()
    }
  })

  it('when an administrator ended its session', async () => {
    const database = await createEmptyDatabase()
    const [holder, watcher] = [await connect(database), await connect(database)]
    await holder.query('SELECT pg_advisory_lock($1)', [LOCK])
    const waiting = startCommand('migrate', database.env)
    await until(() => waiting.output().includes('waiting for its end'))
    const ended = await watcher.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), $1) AND backend_type = 'client backend'`,
      [(await holder.query('SELECT pg_backend_pid() AS pid')).rows[0].pid],
    )
    expect(ended.rows).toHaveLength(1)
    expect((await waiting.result).code).toBe(1)
    await Promise.all([holder.end(), watcher.end()])
    await expectServing(database)
    await database.remove()
  })

  const insertRow = (logs: string) =>
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, logs)
    VALUES ('one', repeat('0', 64), '${MIGRATION}', ${logs})`

  it.each([
    ['before the script', [insertRow('NULL')]],
    ['when the script failed for a missing right', [insertRow(`'permission denied to create extension'`)]],
    ['twice', [insertRow('NULL'), insertRow('NULL').replace("'one'", "'two'")]],
    ['before it had any note', []],
  ])('by prisma migrate deploy, killed %s', async (_when, rows) => {
    const database = await createEmptyDatabase()
    await runCommand('migrate', database.env)
    // The table of notes alone, as prisma migrate deploy creates it first.
    await inDatabase(
      database,
      'CREATE SCHEMA kept',
      'ALTER TABLE _prisma_migrations SET SCHEMA kept',
      'DROP SCHEMA public CASCADE',
      'ALTER SCHEMA kept RENAME TO public',
      'DELETE FROM _prisma_migrations',
      ...rows,
    )
    await expectServing(database)
    await expectNotedOnce(database)
    await database.remove()
  })

  it('by prisma migrate deploy, killed between the script and its note', async () => {
    const database = await createEmptyDatabase()
    await runCommand('migrate', database.env)
    await inDatabase(
      database,
      'UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0',
      'TRUNCATE installed_functions',
    )
    await expectServing(database)
    await expectNotedOnce(database)
    await database.remove()
  })
})

describe('While another process holds the migration lock', () => {
  it.each([
    ['serve', 0, ''],
    [
      'migrate',
      1,
      'hookgate: Stopped by SIGTERM before the end. What is not complete was rolled back: the next start continues.\n',
    ],
  ] as const)('hookgate %s says that it waits, and SIGTERM ends it', async (command, code, stderr) => {
    const database = await createEmptyDatabase()
    const holder = await connect(database)
    await holder.query('SELECT pg_advisory_lock($1)', [LOCK])
    const waiting = startCommand(command, database.env)
    await until(() => waiting.output().includes('another process is bringing the database up to date'))
    waiting.kill('SIGTERM')
    expect(await waiting.result).toMatchObject({ code, stderr })
    await holder.end()
    await expectServing(database)
    await database.remove()
  })
})

describe('While the database server does not answer', () => {
  it.each([
    ['serve', 0],
    ['migrate', 1],
  ] as const)('SIGTERM ends hookgate %s', async (command, code) => {
    const database = await createEmptyDatabase()
    const proxy = await startCutOffProxy(database.env.DATABASE_URL)
    proxy.stall()
    const waiting = startCommand(command, { ...database.env, DATABASE_URL: proxy.url })
    // The start is silent so far: the signal must arrive after its handlers are installed, and before its time limit.
    await sleep(5_000)
    waiting.kill('SIGTERM')
    const { code: exitCode, stderr } = await waiting.result
    expect([exitCode, stderr]).toEqual([
      code,
      code === 0 ? '' : expect.stringContaining('Stopped by SIGTERM'),
    ])
    proxy.close()
    await database.remove()
  })
})

describe('A first start on an empty data folder that was killed at any moment', () => {
  it('is repeated by the next one', async () => {
    const random = seededRandom()
    const database = testDatabase({})
    const first = startCommand('migrate', database.env)
    const startedAt = Date.now()
    await first.result
    const startMs = Date.now() - startedAt
    for (let turn = 0; turn < 6; turn += 1) {
      const fresh = testDatabase({})
      const killed = startCommand('migrate', fresh.env)
      await sleep(random.between(startMs / 10, startMs))
      killed.kill('SIGKILL')
      await killed.result
      expect(await runCommand('migrate', fresh.env)).toMatchObject({ code: 0, stderr: '' })
      await fresh.remove()
    }
    const last = testDatabase({})
    const killed = startCommand('serve', last.env)
    await sleep(startMs / 2)
    killed.kill('SIGKILL')
    await killed.result
    await expectServing(last)
    await Promise.all([database.remove(), last.remove()])
  })
})

async function connect({ env }: TestDatabase): Promise<Client> {
  const client = new Client({ connectionString: env.DATABASE_URL })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
