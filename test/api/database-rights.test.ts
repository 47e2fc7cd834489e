import { runCommand } from '../support/commands'
import { openCore } from '../support/core'
import { asRole, createRole, inDatabase } from '../support/database-roles'
import { createEmptyDatabase } from '../support/empty-database'
import { startTestGateway, type TestDatabase } from '../support/gateway'
import { passDays, tablesOf } from '../support/partitions'
import { startReceiver } from '../support/receiver'
import { describeServer } from '../support/server-only'
import { until } from '../support/until'

const ONE_SENTENCE = /^hookgate: The database [^\n]+\.\n$/

/** What a start that fails prints: one sentence for the operator, which holds no secret. */
async function operatorError(
  env: Record<string, string>,
  command: 'serve' | 'migrate' = 'serve',
): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, env)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(ONE_SENTENCE)
  expect(stderr).not.toContain('pa55')
  return stderr
}

/** The statements in a sentence, which the operator shall run. */
const statementsIn = (sentence: string) =>
  [...sentence.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text).filter((text) => /^[A-Z]/.test(text))

/** Runs what a sentence says. */
const follow = (database: TestDatabase, sentence: string) => inDatabase(database, ...statementsIn(sentence))

/** A gateway that starts, stores, publishes, delivers and stops. */
async function expectWorking(database: TestDatabase, env: Record<string, string> = {}): Promise<void> {
  const receiver = await startReceiver()
  const gateway = await startTestGateway(env, database)
  const { id } = await gateway.createEndpoint({ target: receiver.url })
  const found = await gateway.rest('GET', 'endpoint/search/?target=127.0.0')
  expect(found.body.results).toMatchObject([{ id }])
  expect((await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })).status).toBe(
    201,
  )
  await until(() => receiver.received.length === 1)
  expect((await gateway.rest('DELETE', `endpoint/${id}/`)).status).toBe(204)
  expect(await gateway.end()).toBe(0)
  await receiver.close()
}

describeServer('A start names the right that is missing, and continues once it is granted:', () => {
  it('to create the extension pg_trgm', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    await inDatabase(database, `GRANT USAGE, CREATE ON SCHEMA public TO ${role}`)
    const sentence = await operatorError(asRole(database, role))
    expect(sentence).toContain(`lacks the extension pg_trgm, which the role ${role} may not create`)
    expect(statementsIn(sentence)).toEqual(['CREATE EXTENSION pg_trgm SCHEMA public'])
    await follow(database, sentence)
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })

  it('to create tables in the schema', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    await inDatabase(database, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC', 'CREATE EXTENSION pg_trgm')
    const sentence = await operatorError(asRole(database, role))
    expect(sentence).toContain(`the role ${role} may not create them in the schema public`)
    expect(statementsIn(sentence)).toEqual([`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`])
    await follow(database, sentence)
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })

  it('to create the schema that ?schema= names', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    await inDatabase(database, 'CREATE EXTENSION pg_trgm')
    const env = asRole(database, role, { schema: 'Web-Hooks' })
    const sentence = await operatorError(env)
    expect(statementsIn(sentence)).toContain(`CREATE SCHEMA "Web-Hooks" AUTHORIZATION ${role}`)
    await inDatabase(database, `CREATE SCHEMA "Web-Hooks" AUTHORIZATION ${role}`)
    await expectWorking(database, env)
    await database.remove()
  })

  it('to use the schema of pg_trgm', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    await inDatabase(
      database,
      'CREATE SCHEMA extensions',
      'CREATE EXTENSION pg_trgm SCHEMA extensions',
      `GRANT USAGE, CREATE ON SCHEMA public TO ${role}`,
    )
    const sentence = await operatorError(asRole(database, role))
    expect(statementsIn(sentence)).toEqual([`GRANT USAGE ON SCHEMA extensions TO ${role}`])
    await follow(database, sentence)
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })

  it('to connect', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    const name = new URL(database.env.DATABASE_URL ?? '').pathname.slice(1)
    await inDatabase(
      database,
      `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
      'CREATE EXTENSION pg_trgm',
      `GRANT USAGE, CREATE ON SCHEMA public TO ${role}`,
    )
    const sentence = await operatorError(asRole(database, role))
    expect(statementsIn(sentence)).toEqual([`GRANT CONNECT ON DATABASE ${name} TO ${role}`])
    await follow(database, sentence)
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })
})

describeServer('One role migrates an empty database and a lesser one serves', () => {
  it.each([
    ['public', ''],
    ['hooks', 'ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC'],
  ])(
    'in the schema %s, once the owner has run the statements that the start prints',
    async (schema, before) => {
      const [owner, role] = [await createRole('owner'), await createRole()]
      const database = await createEmptyDatabase({ create: `OWNER ${owner}` })
      if (before) await inDatabase(database, before.replace('{owner}', owner))
      const parameters: Record<string, string> = schema === 'public' ? {} : { schema }
      const [ownerEnv, roleEnv] = [asRole(database, owner, parameters), asRole(database, role, parameters)]

      expect(await operatorError(roleEnv)).toContain('run `hookgate migrate` as')
      expect(await runCommand('migrate', ownerEnv)).toMatchObject({ code: 0, stderr: '' })

      const sentence = await operatorError(roleEnv)
      expect(sentence).toMatch(new RegExp(`run \`GRANT [^\`]+;\` as ${owner} \\(DATABASE_URL\\)\\.\n$`))
      await inDatabase({ ...database, env: ownerEnv }, ...statementsIn(sentence))
      await expectWorking(database, roleEnv)

      // The partitions that the role makes are the owner's, and the role reaches them through their parents.
      const core = await openCore(database, { env: { ...roleEnv, HOOKGATE_RETENTION_DAYS: '1' } })
      const ids: number[] = []
      for (let day = 0; day < 4; day += 1) {
        ids.push(await core.publish())
        await passDays(core, 1)
      }
      expect(ids.slice(1)).toEqual([250_000, 500_000, 750_000])
      expect(await core.sql('SELECT id FROM events')).toEqual([{ id: 750_000 }])
      expect(await tablesOf(core, 'attempts')).toEqual([750_000, 1_000_000, 1_250_000, 1_500_000])
      await core.close()
      const owners = await inDatabase(
        database,
        `SELECT DISTINCT tableowner::text FROM pg_tables WHERE tablename LIKE 'attempts%'`,
      )
      expect(owners).toEqual([{ tableowner: owner }])
      await database.remove()
    },
  )

  it('a right that is taken away later is named at the next start', async () => {
    const [role, database] = [await createRole(), await createEmptyDatabase()]
    await runCommand('migrate', database.env)
    await follow(database, await operatorError(asRole(database, role)))
    await expectWorking(database, asRole(database, role))
    await inDatabase(
      database,
      `REVOKE DELETE ON events FROM ${role}`,
      `REVOKE USAGE ON SEQUENCE endpoints_id_seq FROM ${role}`,
    )
    expect(await operatorError(asRole(database, role))).toContain(
      'it lacks DELETE on events; USAGE on endpoints_id_seq',
    )
    await database.remove()
  })
})

describeServer('The schema', () => {
  it('that ?schema= names gets everything, and two gateways in schemas of their own share nothing', async () => {
    const database = await createEmptyDatabase()
    const schemas = ['order', 'Other-Hooks']
    const envs = schemas.map((schema) => asRole(database, 'postgres', { schema }))
    const results = await Promise.all(envs.map((env) => runCommand('migrate', env)))
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
    const gateways = await Promise.all(envs.map((env) => startTestGateway(env, database)))
    for (const gateway of gateways) expect((await gateway.createEndpoint()).id).toBe(1)
    for (const gateway of gateways) expect(await gateway.end()).toBe(0)
    const tables = await inDatabase(
      database,
      `SELECT schemaname, count(*)::integer FROM pg_tables WHERE tablename IN ('endpoints', '_prisma_migrations')
      GROUP BY schemaname ORDER BY schemaname DESC`,
    )
    expect(tables).toEqual([
      { schemaname: 'order', count: 2 },
      { schemaname: 'Other-Hooks', count: 2 },
    ])
    await database.remove()
  })

  it("of the role's own name comes first in its search_path, and everything works", async () => {
    const role = await createRole()
    const database = await createEmptyDatabase({ create: `OWNER ${role}` })
    await inDatabase(database, `CREATE SCHEMA ${role} AUTHORIZATION ${role}`)
    await expectWorking(database, asRole(database, role))
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })

  it('of pg_trgm may be another one, such as extensions', async () => {
    const role = await createRole()
    const database = await createEmptyDatabase({ create: `OWNER ${role}` })
    await inDatabase(
      database,
      'CREATE SCHEMA extensions',
      'CREATE EXTENSION pg_trgm SCHEMA extensions',
      `GRANT USAGE ON SCHEMA extensions TO ${role}`,
    )
    await expectWorking(database, asRole(database, role))
    await database.remove()
  })
})

describeServer('A database that cannot be used is refused in one sentence:', () => {
  it.each(['LATIN1', 'SQL_ASCII', 'WIN1252'])('with the encoding %s', async (encoding) => {
    const database = await createEmptyDatabase({
      create: `ENCODING '${encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
    })
    for (const command of ['serve', 'migrate'] as const) {
      expect(await operatorError(database.env, command)).toContain(
        `has the encoding ${encoding}, which cannot hold every text`,
      )
    }
    await database.remove()
  })

  it('with a table of another program under a name of ours', async () => {
    const database = await createEmptyDatabase()
    await inDatabase(database, 'CREATE TABLE endpoints (id integer)')
    expect(await operatorError(database.env)).toContain(
      'holds something else already (relation "endpoints" already exists): use an empty database, or name a schema',
    )
    expect(await inDatabase(database, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual(
      [{ tablename: 'endpoints' }],
    )
    await expectWorking(database, asRole(database, 'postgres', { schema: 'hookgate' }))
    await database.remove()
  })

  it('with the Prisma migrations of another program', async () => {
    const database = await createEmptyDatabase()
    await runCommand('migrate', database.env)
    await inDatabase(database, `UPDATE _prisma_migrations SET migration_name = '20200101000000_init'`)
    expect(await operatorError(database.env)).toContain(
      'holds the tables of another program (its first migration is 20200101000000_init)',
    )
    await database.remove()
  })

  it('that is empty and read-only', async () => {
    const database = await createEmptyDatabase()
    const name = new URL(database.env.DATABASE_URL ?? '').pathname.slice(1)
    await inDatabase(database, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    for (const command of ['serve', 'migrate'] as const) {
      expect(await operatorError(database.env, command)).toContain('is not up to date, and it is read-only')
    }
    await database.remove()
  })

  it('that is read-only while event types must be written', async () => {
    const database = await createEmptyDatabase()
    const name = new URL(database.env.DATABASE_URL ?? '').pathname.slice(1)
    await runCommand('migrate', database.env)
    await inDatabase(database, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const { code, stderr } = await runCommand('serve', database.env)
    expect([code, stderr]).toEqual([
      1,
      'hookgate: The event types cannot be saved in the database (the database is read-only): start again when it can be written to.\n',
    ])
    await database.remove()
  })
})

describeServer('A read-only database that is up to date', () => {
  it('does not end a start, because a standby may be promoted', async () => {
    const database = await createEmptyDatabase()
    const name = new URL(database.env.DATABASE_URL ?? '').pathname.slice(1)
    await expectWorking(database)
    await inDatabase(database, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const gateway = await startTestGateway({}, database)
    expect((await gateway.rest('GET', 'endpoint/')).status).toBe(200)
    expect(await gateway.end()).toBe(0)
    await database.remove()
  })
})
