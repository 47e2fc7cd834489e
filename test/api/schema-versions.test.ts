import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { connectTo } from '../support/database-connections'
import { createRole, inDatabase, SERVER } from '../support/database-roles'
import { createEmptyDatabase } from '../support/empty-database'
import {
  JWT_SECRET,
  spawnGateway,
  startTestGateway,
  type TestDatabase,
  type TestGateway,
  testDatabase,
  testGateway,
} from '../support/gateway'
import { copyProgram, type ProgramCopy } from '../support/program-copy'
import { startReceiver } from '../support/receiver'
import { describeServer, usesServer } from '../support/server-only'
import { cleanEnvironment, onServer } from '../support/template'
import { until } from '../support/until'

const FUNCTION_FILE = 'src/endpoints/update-endpoint.sql'
const PATCH = { json: { description: 'patched' } }

const startCopy = (copy: ProgramCopy, database: TestDatabase, env: Record<string, string> = {}) =>
  testGateway(
    spawnGateway({ HOOKGATE_JWT_SECRET: JWT_SECRET, ...database.env, ...env }, copy.command('serve')),
    database,
  )

function migrate(copy: ProgramCopy, env: Record<string, string>): string {
  const [program = '', ...args] = copy.command('migrate')
  return execFileSync(program, args, { env: { ...cleanEnvironment(), ...env }, encoding: 'utf8' })
}

/** What a start that fails prints. */
async function failedStart(copy: ProgramCopy, env: Record<string, string>): Promise<string> {
  const { exited, output } = spawnGateway({ HOOKGATE_JWT_SECRET: JWT_SECRET, ...env }, copy.command('serve'))
  expect(await exited).toBe(1)
  return output()
}

describeServer('A gateway with one changed SQL function', () => {
  let older: TestGateway
  let newer: TestGateway

  beforeAll(async () => {
    older = await startTestGateway()
    const copy = copyProgram()
    copy.edit(FUNCTION_FILE, (text) => text.replace('    -- Lock\n', '    -- Lock, in other words\n'))
    newer = await startCopy(copy, older.database)
  })
  afterAll(async () => {
    await newer?.end()
    await older?.stop()
  })

  it('installs its text beside a gateway that is running', async () => {
    const client = await connectTo(older.database)
    const { rows } = await client.query(`SELECT prosrc FROM pg_proc WHERE proname = 'update_endpoint'`)
    expect(rows).toEqual([{ prosrc: expect.stringContaining('-- Lock, in other words') }])
    await client.end()
  })

  it('works, and so does the running one', async () => {
    const receiver = await startReceiver()
    for (const [gateway, other] of [
      [older, newer],
      [newer, older],
    ] as const) {
      const { id } = await gateway.createEndpoint({
        target: receiver.url,
        description: String(gateway === older),
      })
      const patched = await other.rest('PATCH', `endpoint/${id}/`, PATCH)
      expect([patched.status, patched.body.description]).toEqual([200, 'patched'])
      const before = receiver.received.length
      const published = await other.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })
      expect(published.status).toBe(201)
      await until(() => receiver.eventIds().filter((each) => each === published.body.event_id).length > 0)
      expect(receiver.received.length).toBeGreaterThan(before)
    }
    await receiver.close()
  })

  it('gives way to the older text when the older gateway starts again', async () => {
    await older.end()
    older = await startTestGateway({}, older.database)
    const { id } = await older.createEndpoint()
    const statuses = await Promise.all(
      [older, newer].map(async (gateway) => (await gateway.rest('PATCH', `endpoint/${id}/`, PATCH)).status),
    )
    expect(statuses).toEqual([200, 200])
  })
})

describeServer('A gateway with another text of hookgate_publish', () => {
  it('leaves it to those who were granted it, and to nobody else', async () => {
    const older = await startTestGateway()
    const { database } = older
    const [app, outsider] = [await createRole('app'), await createRole('app')]
    await inDatabase(
      database,
      `GRANT USAGE ON SCHEMA public TO ${app}, ${outsider}`,
      `GRANT EXECUTE ON FUNCTION hookgate_publish TO ${app}`,
    )
    const publishAs = (role: string) =>
      inDatabase(database, `SET ROLE ${role}`, `SELECT hookgate_publish('post.created', '1')`)
    const copy = copyProgram()
    copy.edit('src/events/hookgate-publish.sql', (text) =>
      text.replace(
        '-- White space around the data is not part of it.',
        '-- The data without white space around.',
      ),
    )
    const newer = await startCopy(copy, database)
    const [installed] = await inDatabase<{ text: string; settings: string[] }>(
      database,
      `SELECT prosrc AS text, proconfig AS settings FROM pg_proc WHERE proname = 'hookgate_publish'`,
    )
    expect(installed?.text).toContain('-- The data without white space around.')
    expect(installed?.settings).toContain('search_path=public, pg_temp')
    expect(await publishAs(app)).toHaveLength(1)
    await expect(publishAs(outsider)).rejects.toMatchObject({ code: '42501' })
    await newer.end()
    await older.stop()
  })
})

describeServer('A gateway that starts on the database of a newer version', () => {
  it('works, and leaves the functions of the newer version alone', async () => {
    const newVersion = copyProgram()
    newVersion.addMigration(
      '20991231000000_add_owner',
      `ALTER TABLE endpoints ADD COLUMN owner text NOT NULL DEFAULT '';`,
    )
    newVersion.edit(FUNCTION_FILE, (text) =>
      text.replace('    -- Lock\n', '    -- Lock, of the newer version\n'),
    )
    const newer = await startCopy(newVersion, await createEmptyDatabase())
    const older = await startTestGateway({}, newer.database)
    const { id } = await older.createEndpoint()
    for (const gateway of [older, newer]) {
      const { status } = await gateway.rest('PATCH', `endpoint/${id}/`, {
        json: { description: gateway.url },
      })
      expect(status).toBe(200)
    }
    const client = await connectTo(older.database)
    const { rows } = await client.query(`SELECT prosrc FROM pg_proc WHERE proname = 'update_endpoint'`)
    expect(rows).toEqual([{ prosrc: expect.stringContaining('-- Lock, of the newer version') }])
    await client.end()
    await older.end()
    await newer.stop()
  })
})

describeServer('Once the owner of the tables has run hookgate migrate', () => {
  const role = `hookgate_server_${randomUUID().replaceAll('-', '')}`
  let database: TestDatabase
  let copy: ProgramCopy
  let roleEnv: Record<string, string>

  beforeAll(async () => {
    database = await createEmptyDatabase()
    copy = copyProgram()
    expect(migrate(copy, database.env)).toContain('The database is up to date.')
    const client = await connectTo(database)
    await client.query(`CREATE ROLE ${role} LOGIN`)
    await client.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`)
    await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`)
    await client.query(
      `GRANT EXECUTE ON FUNCTION make_event_partitions, rotate_event_partitions, empty_event_partition, drop_emptied_table
        TO ${role}`,
    )
    await client.end()
    const url = new URL(database.env.DATABASE_URL ?? '')
    url.username = role
    roleEnv = { ...database.env, DATABASE_URL: url.href }
  })
  afterAll(async () => {
    await database.remove()
    await onServer(SERVER, `DROP ROLE IF EXISTS ${role}`)
  })

  it('a role that may not change the schema serves and delivers', async () => {
    const receiver = await startReceiver()
    const gateway = await startCopy(copy, database, roleEnv)
    const { id } = await gateway.createEndpoint({ target: receiver.url })
    expect((await gateway.rest('PATCH', `endpoint/${id}/`, PATCH)).status).toBe(200)
    await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })
    await until(() => receiver.received.length === 1)
    expect((await gateway.rest('DELETE', `endpoint/${id}/`)).status).toBe(204)
    expect(await gateway.end()).toBe(0)
    await receiver.close()
  })

  it('that role cannot start a version with a changed function, and the error names hookgate migrate', async () => {
    const changed = copyProgram()
    changed.edit(FUNCTION_FILE, (text) => text.replace('    -- Lock\n', '    -- Lock, changed\n'))
    expect(await failedStart(changed, roleEnv)).toMatch(
      /^hookgate: The database \S+ at \S+ is not up to date, and the role hookgate_server_\w+ may not change it: run `hookgate migrate` as the owner of its tables, \w+ \(DATABASE_URL\)\.\n$/,
    )
  })
})

/** An empty database of the kind that this run uses. */
const createDatabase = async () => (usesServer ? createEmptyDatabase() : testDatabase({}))

describe('A database', () => {
  it('of an earlier text of the migration is refused in one sentence', async () => {
    const database = await createDatabase()
    const unreleased = copyProgram()
    const [migration = ''] = readdirSync(join(unreleased.folder, 'prisma/migrations'))
    unreleased.edit(`prisma/migrations/${migration}/migration.sql`, (text) => `-- Earlier.\n${text}`)
    migrate(unreleased, database.env)
    const sentence = usesServer
      ? /^hookgate: The database \S+ at \S+ was made by an unreleased version of Hookgate and cannot be brought up to date: use an empty database \(DATABASE_URL\)\.\n$/
      : /^hookgate: The embedded database in \S+ was made by an unreleased version of Hookgate and cannot be brought up to date: move the folder away, or set HOOKGATE_DATA_DIR to another one\.\n$/
    expect(await failedStart(copyProgram(), database.env)).toMatch(sentence)
    await database.remove()
  })

  it('with tables alone, as prisma migrate deploy leaves it, gets its functions at start', async () => {
    const database = await createDatabase()
    const deploy = copyProgram()
    deploy.removeFunctions()
    migrate(deploy, database.env)
    const gateway = await startTestGateway({}, database)
    const { id } = await gateway.createEndpoint()
    expect((await gateway.rest('PATCH', `endpoint/${id}/`, PATCH)).status).toBe(200)
    await gateway.stop()
  })
})
