import { execFileSync } from 'node:child_process'
import { Client } from 'pg'
import type { PrismaPublisherCommands } from '../programs/prisma-publisher'
import { asRole, createRole, inDatabase } from '../support/database-roles'
import { createEmptyDatabase } from '../support/empty-database'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startPgBouncer, type TestPgBouncer } from '../support/pgbouncer'
import { startProgram } from '../support/program'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

let database: Awaited<ReturnType<typeof createEmptyDatabase>>
let gateway: TestGateway
let receiver: TestReceiver
/** a product in the same database: it has a table of its own, and may publish */
let role: string
let url: string

beforeAll(async () => {
  database = await createEmptyDatabase()
  receiver = await startReceiver()
  gateway = await startTestGateway({}, database)
  await gateway.createEndpoint({ target: receiver.url })
  role = await createRole('app')
  await inDatabase(
    database,
    `GRANT USAGE ON SCHEMA public TO ${role}`,
    `GRANT EXECUTE ON FUNCTION hookgate_publish TO ${role}`,
    'CREATE TABLE orders (event_id bigint)',
    `ALTER TABLE orders OWNER TO ${role}`,
  )
  url = asRole(database, role).DATABASE_URL.replace('pa55-of-hookgate', 'pa55-of-app')
})
afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
})

const orders = async () =>
  (await inDatabase<{ id: string }>(database, 'SELECT event_id::text AS id FROM orders')).map(({ id }) =>
    Number(id),
  )

async function arrived(eventId: number): Promise<unknown> {
  await until(() => receiver.eventIds().includes(eventId))
  return JSON.parse(receiver.received.find((each) => each.eventId === eventId)?.body ?? '').data
}

/** An event that arrives after everything that was committed before. */
async function settled(): Promise<void> {
  const { body } = await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: 'last' } })
  await arrived(body.event_id)
}

describe('psql', () => {
  const psql = (script: string) => {
    const options = '--no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1'
    return execFileSync('psql', [url, ...options.split(' ')], {
      input: script,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  }

  it('publishes an event together with a row of its own', async () => {
    const output = psql(`
      BEGIN;
      SELECT hookgate_publish('post.created', '{"total": 9007199254740993.10}', 'order 1') AS id \\gset
      INSERT INTO orders VALUES (:id);
      COMMIT;
      \\echo :id`)
    const id = Number(output)
    expect(await orders()).toContain(id)
    await arrived(id)
    expect(receiver.received.find(({ eventId }) => eventId === id)?.body).toContain(
      '{"total": 9007199254740993.10}',
    )
  })

  it('publishes nothing in a transaction that is rolled back', async () => {
    const id = Number(psql(`BEGIN; SELECT hookgate_publish('post.created', '"undone"'); ROLLBACK;`))
    expect(id).toBeGreaterThan(0)
    await settled()
    expect(receiver.eventIds()).not.toContain(id)
  })

  it('shows what is wrong in words', () => {
    const publish = () => psql(`SELECT hookgate_publish('no.such', '1');`)
    expect(publish).toThrow('ERROR:  There is no event type "no.such".')
  })
})

describe('Prisma', () => {
  const startPublisher = async () => {
    const program = await startProgram<PrismaPublisherCommands>('prisma-publisher', url)
    return {
      run: program.run,
      async end() {
        await program.run('close')
        await program.end()
      },
    }
  }

  it.each([undefined, 'ReadCommitted', 'RepeatableRead', 'Serializable'] as const)(
    'publishes in a transaction (isolation level %s), which it commits or rolls back',
    async (isolationLevel) => {
      const publisher = await startPublisher()
      const event = { type: 'post.created', data: { by: 'Prisma', text: '世界' }, key: null, isolationLevel }
      const id = Number(await publisher.run('publish', event))
      expect(await arrived(id)).toEqual(event.data)
      expect(await orders()).toContain(id)
      const before = await orders()
      expect(await publisher.run('publish', { ...event, data: 'undone', fails: true })).toBeNull()
      expect(await orders()).toEqual(before)
      await settled()
      expect(receiver.received.filter(({ body }) => body.includes('"undone"'))).toEqual([])
      await publisher.end()
    },
  )

  it('gets the SQLSTATE of a refused event', async () => {
    const publisher = await startPublisher()
    expect(await publisher.run('failure', 'no.such')).toMatchObject({
      originalCode: 'HG001',
      originalMessage: 'There is no event type "no.such".',
    })
    await publisher.end()
  })
})

describe('PgBouncer in transaction mode', () => {
  let bouncer: TestPgBouncer
  beforeAll(async () => {
    bouncer = await startPgBouncer(database.url, {
      pool_mode: 'transaction',
      // Fewer connections than clients.
      default_pool_size: 2,
    })
  })
  afterAll(() => bouncer?.end())

  it('publishes for several clients that share its connections, each with its own role and keys', async () => {
    const other = await createRole('app')
    await inDatabase(database, `GRANT USAGE ON SCHEMA public TO ${other}`)
    await inDatabase(database, `GRANT EXECUTE ON FUNCTION hookgate_publish TO ${other}`)
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = new Client({ connectionString: bouncer.url(database.name) })
        await client.connect()
        return client
      }),
    )
    const publish = async (client: Client, nth: number, end: 'COMMIT' | 'ROLLBACK') => {
      const as = nth % 2 === 0 ? role : other
      await client.query('BEGIN')
      await client.query(`SET LOCAL ROLE ${as}`)
      const { rows } = await client.query('SELECT hookgate_publish($1, $2, $3) AS id', [
        'post.created',
        JSON.stringify({ as, end }),
        `bounced ${nth >> 1} ${end}`,
      ])
      await client.query(end)
      return Number(rows[0].id)
    }
    const publishAll = async (end: 'COMMIT' | 'ROLLBACK') => {
      const ids: number[] = []
      for (let round = 0; round < 5; round += 1) {
        const published = clients.map((client, nth) => publish(client, round * clients.length + nth, end))
        ids.push(...(await Promise.all(published)))
      }
      return ids
    }
    const undone = await publishAll('ROLLBACK')
    const ids = await publishAll('COMMIT')
    // Keys of one role never meet those of another.
    expect(new Set(ids).size).toBe(30)
    expect(await publishAll('COMMIT')).toEqual(ids)
    for (const id of ids) await arrived(id)
    await settled()
    expect(receiver.eventIds().filter((id) => undone.includes(id))).toEqual([])
    expect(receiver.eventIds().filter((id) => ids.includes(id))).toHaveLength(ids.length)
    await Promise.all(clients.map((client) => client.end()))
  })
})
