import { Client } from 'pg'
import { asRole, createRole, inDatabase } from '../support/database-roles'
import { createEmptyDatabase } from '../support/empty-database'
import { startTestGateway, type TestDatabase, type TestGateway, tokenFor } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { describeServer } from '../support/server-only'
import { until } from '../support/until'

const PUBLISH = 'SELECT hookgate_publish($1, $2, $3) AS id'
const GRANT = 'GRANT USAGE ON SCHEMA hooks TO ROLE; GRANT EXECUTE ON FUNCTION hooks.hookgate_publish TO ROLE'
const DENIED = '42501'
const DATA_MAX_BYTES = 256 * 1024

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const stringOf = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`

/** The SQLSTATE of a statement that fails, and its message. */
async function errorOf(act: Promise<unknown>): Promise<{ code: string; message: string }> {
  const outcome = await act.then(
    () => new Error('it has succeeded'),
    (error) => error,
  )
  return { code: outcome.code, message: outcome.message }
}

describeServer('hookgate_publish', () => {
  let database: TestDatabase
  let gateway: TestGateway
  let receiver: TestReceiver
  let endpointId: number
  let role: string
  let client: Client
  const clients: Client[] = []

  /** A session of a role in the database, by a search_path that names the schema of the gateway. */
  const connectAs = async (name: string) => {
    const url = asRole(database, name).DATABASE_URL.replace('pa55-of-hookgate', 'pa55-of-app')
    const connected = new Client({ connectionString: url })
    await connected.connect()
    await connected.query('SET search_path TO hooks, public')
    clients.push(connected)
    return connected
  }
  const grantedRole = async () => {
    const name = await createRole('app')
    await inDatabase(database, GRANT.replaceAll('ROLE', name))
    return name
  }
  const publish = async (data: string, key: string | null = null, type = 'post.created', by = client) => {
    const { rows } = await by.query(PUBLISH, [type, data, key])
    return Number(rows[0].id)
  }
  const arrived = async (eventId: number) => {
    await until(() => receiver.eventIds().includes(eventId))
    return receiver.received.find((each) => each.eventId === eventId)?.body
  }

  beforeAll(async () => {
    const empty = await createEmptyDatabase()
    database = { ...empty, env: { ...empty.env, DATABASE_URL: `${empty.url}?schema=hooks` } }
    receiver = await startReceiver()
    gateway = await startTestGateway({}, database)
    endpointId = (await gateway.createEndpoint({ target: receiver.url })).id
    role = await grantedRole()
  })
  beforeEach(async () => {
    client = await connectAs(role)
  })
  afterEach(() => Promise.all(clients.splice(0).map((each) => each.end())))
  afterAll(async () => {
    await gateway?.stop()
    await receiver?.close()
  })

  describe('may be called', () => {
    it('by nobody who is not granted it', async () => {
      const outsider = await createRole('app')
      const unasked = await connectAs(outsider)
      expect(await errorOf(publish('1', null, 'post.created', unasked))).toMatchObject({ code: '42883' })
      await inDatabase(database, `GRANT USAGE ON SCHEMA hooks TO ${outsider}`)
      expect((await errorOf(publish('1', null, 'post.created', unasked))).code).toBe(DENIED)
      await inDatabase(database, `GRANT EXECUTE ON FUNCTION hooks.hookgate_publish TO ${outsider}`)
      expect(await publish('1', null, 'post.created', unasked)).toBeGreaterThan(0)
    })

    it('by a role that may do nothing else', async () => {
      const relations = await inDatabase<{ name: string }>(
        database,
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'hooks'::regnamespace AND relkind IN ('r', 'p')`,
      )
      expect(relations.length).toBeGreaterThan(15)
      for (const { name } of relations) {
        for (const statement of [
          `SELECT FROM hooks.${name}`,
          `INSERT INTO hooks.${name} DEFAULT VALUES`,
          `DELETE FROM hooks.${name}`,
        ]) {
          expect([statement, (await errorOf(client.query(statement))).code]).toEqual([statement, DENIED])
        }
      }
      expect((await errorOf(client.query('SELECT FROM hooks.deliveries'))).code).toBe(DENIED)
      expect((await errorOf(client.query(`SELECT nextval('hooks.events_id_seq')`))).code).toBe(DENIED)
      expect(
        (await errorOf(client.query(`SELECT publish_event('post.created', '1', 'sub:test', NULL, NULL)`)))
          .code,
      ).toBe(DENIED)
      expect(await arrived(await publish('"allowed"'))).toContain('"allowed"')
    })

    it('by names of its arguments, and without a key', async () => {
      const { rows } = await client.query(
        `SELECT hookgate_publish(data => '[]', type => 'post.created') AS first,
          hookgate_publish(idempotency_key => 'named', type => 'post.created', data => '[]') AS second`,
      )
      expect(Number(rows[0].second)).toBeGreaterThan(Number(rows[0].first))
    })
  })

  describe('tells workers', () => {
    let listening: Client
    let channel: string
    let notified: number
    let isLast: boolean
    beforeEach(async () => {
      notified = 0
      isLast = false
      listening = await connectAs(role)
      // Workers also announce themselves on the channel.
      listening.on('notification', ({ payload = '' }) => {
        if (/^(deliveries|fan-out)/.test(payload)) notified += 1
        isLast ||= payload === 'the last'
      })
      const { rows } = await listening.query('SELECT workers_channel() AS channel')
      channel = rows[0].channel
      await listening.query(`LISTEN ${channel}`)
    })
    /** Everything that was sent before has been received. */
    const received = async () => {
      await client.query(`NOTIFY ${channel}, 'the last'`)
      await until(() => isLast)
      return notified
    }

    it('at the commit, once for all events of a transaction', async () => {
      await client.query('BEGIN')
      await publish('1')
      await publish('2')
      await listening.query('SELECT 1')
      expect(notified).toBe(0)
      await client.query('COMMIT')
      await until(() => notified > 0)
      expect(await received()).toBeGreaterThanOrEqual(1)
    })

    it('nothing when the transaction is rolled back, or when no endpoint listens', async () => {
      await client.query('BEGIN')
      await publish('1')
      await client.query('ROLLBACK')
      await publish('1', null, 'user.deleted')
      expect(await received()).toBe(0)
    })
  })

  describe('keeps the data as it is written:', () => {
    it.each([
      '9007199254740993',
      '1.10',
      '1e-400',
      '-0',
      '1E+2',
      'null',
      'true',
      '""',
      '{}',
      '{"b": 1, "a": 2, "b": 3, "2": 4, "1": 5, "__proto__": null}',
      '[ 1,\n\t2 ]',
      '"\\u0000 \\ud83d\\ude00 \\u00e4\\/\\" ä 世界 \\\\ud800"',
      '"[{[{"',
    ])('%s', async (data) => {
      const body = await arrived(await publish(data))
      expect(body).toMatch(/^\{"event_id": \d+, "type": "post\.created", "created": [\d.]+, "data": /)
      expect(body?.slice(body.indexOf('"data": ') + 8)).toBe(`${data}}`)
    })

    it.each([
      ['500 levels', nested(500)],
      ['500 levels beside brackets in a string', `["${nested(600)}", ${nested(499)}]`],
      ['more than 500 lists side by side', `[${Array(600).fill('[]').join(',')}]`],
      ['256 KiB', stringOf(DATA_MAX_BYTES)],
      ['256 KiB with white space around', ` \n${stringOf(DATA_MAX_BYTES)}\t `],
    ])('%s', async (_what, data) => {
      expect(await arrived(await publish(data))).toContain(`"data": ${data.trim()}}`)
    })

    it('from whatever session', async () => {
      for (const setting of [
        `TimeZone = 'America/New_York'`,
        `DateStyle = 'German'`,
        `bytea_output = 'escape'`,
        `extra_float_digits = -15`,
        `standard_conforming_strings = off`,
        `default_transaction_isolation = 'serializable'`,
        `plpgsql.extra_errors = 'all'`,
        `jit = on`,
        `jit_above_cost = 0`,
        `search_path = public`,
      ]) {
        await client.query(`SET ${setting}`)
      }
      const before = Date.now() / 1000
      const { rows } = await client.query(
        `SELECT hooks.hookgate_publish('post.created', '{"a": "ä"}', 'session') AS id`,
      )
      const body = JSON.parse((await arrived(Number(rows[0].id))) ?? '')
      expect(body.data).toEqual({ a: 'ä' })
      expect(Math.abs(body.created - before)).toBeLessThan(60)
    })

    it('whatever the session puts before the names that the function uses', async () => {
      await inDatabase(database, `GRANT CREATE ON SCHEMA public TO ${role}`)
      await client.query(`
        CREATE TEMPORARY TABLE event_types (type text, retired_at timestamptz, "group" text);
        CREATE TEMPORARY TABLE events (id bigint);
        CREATE TEMPORARY TABLE queue (event_id bigint);
        CREATE FUNCTION pg_temp.data_problem(text) RETURNS text LANGUAGE sql AS $$ SELECT 'replaced' $$;
        CREATE FUNCTION public.listeners(text, integer, integer) RETURNS integer[] LANGUAGE sql AS $$ SELECT '{}'::integer[] $$;
        SET search_path = pg_temp, public, pg_catalog`)
      const { rows } = await client.query(`SELECT hooks.hookgate_publish('post.created', '"safe"') AS id`)
      expect(await arrived(Number(rows[0].id))).toContain('"safe"')
      await client.query('DROP FUNCTION public.listeners(text, integer, integer)')
    })
  })

  describe('refuses', () => {
    it.each([
      ['HG001', 'an unknown event type', ['no.such', '1', null], 'There is no event type "no.such".'],
      [
        'HG001',
        'an event type in other letters',
        ['Post.created', '1', null],
        'There is no event type "Post.created".',
      ],
      [
        'HG001',
        'a very long event type',
        ['x'.repeat(5000), '1', null],
        `There is no event type "${'x'.repeat(100)}".`,
      ],
      ['HG001', 'no event type', [null, '1', null], 'The event type must not be null.'],
      [
        'HG002',
        'no data',
        ['post.created', null, null],
        `The data must not be the SQL null. The JSON null is 'null'::json.`,
      ],
      [
        'HG002',
        'too much data',
        ['post.created', stringOf(DATA_MAX_BYTES + 1), null],
        'The data has more than 262144 bytes of JSON.',
      ],
      [
        'HG002',
        'too much data in few characters',
        ['post.created', `"${'ä'.repeat(DATA_MAX_BYTES / 2)}"`, null],
        'The data has more than 262144 bytes of JSON.',
      ],
      [
        'HG002',
        '501 levels',
        ['post.created', nested(501), null],
        'The data has more than 500 nested lists or objects.',
      ],
      [
        'HG002',
        '501 levels of objects',
        ['post.created', `${'{"a":'.repeat(501)}1${'}'.repeat(501)}`, null],
        'The data has more than 500 nested lists or objects.',
      ],
      [
        'HG002',
        'the first half of a surrogate pair',
        ['post.created', '"\\uD83D"', null],
        'The data must not contain half of a surrogate pair.',
      ],
      [
        'HG002',
        'the second half of a surrogate pair',
        ['post.created', '{"\\ude00": 1}', null],
        'The data must not contain half of a surrogate pair.',
      ],
      [
        'HG002',
        'halves in the wrong order',
        ['post.created', '"\\ude00\\ud83d"', null],
        'The data must not contain half of a surrogate pair.',
      ],
      [
        'HG002',
        'half of a pair behind an escaped backslash',
        ['post.created', '"\\\\\\ud83d"', null],
        'The data must not contain half of a surrogate pair.',
      ],
      ['HG002', 'an empty key', ['post.created', '1', ''], 'The idempotency key must not be empty.'],
      [
        'HG002',
        'a key of 256 characters',
        ['post.created', '1', '😀'.repeat(256)],
        'The idempotency key must have at most 255 characters.',
      ],
      [
        '22P02',
        'what is not JSON',
        ['post.created', '{"a": 01}', null],
        'invalid input syntax for type json',
      ],
    ])('by %s: %s', async (code, _what, values, message) => {
      expect(await errorOf(client.query(PUBLISH, values))).toEqual({ code, message })
    })

    it('a type that is retired, and the types about endpoints, which the gateway publishes itself', async () => {
      await inDatabase(
        database,
        `INSERT INTO hooks.event_types (type, "group", description, retired_at) VALUES ('old.type', 'old', '', now())`,
        `INSERT INTO hooks.event_types (type, "group", description) VALUES ('endpoint.held', 'gateway', '')`,
      )
      for (const type of ['old.type', 'endpoint.held']) {
        const error = await errorOf(client.query(PUBLISH, [type, '1', null]))
        expect(error).toEqual({ code: 'HG001', message: `There is no event type "${type}".` })
      }
    })
  })

  describe('with an idempotency key', () => {
    it('publishes once, however the white space between the tokens differs', async () => {
      const first = await publish('{"a": [1, "x y"]}', 'once')
      for (const same of ['{"a": [1, "x y"]}', '{"a":[1,"x y"]}', ' {\n"a" :\t[ 1 , "x y" ] } '])
        expect(await publish(same, 'once')).toBe(first)
      const last = await publish('2')
      await arrived(last)
      expect(receiver.eventIds().filter((id) => id === first)).toHaveLength(1)
    })

    it.each([
      ['another number', '{"a": [1.0, "x y"]}', 'post.created'],
      ['other white space in a string', '{"a": [1, "x  y"]}', 'post.created'],
      ['another order of keys', '{"c": 1, "b": 2}', 'post.created'],
      ['another type', '{"a": [1, "x y"]}', 'user.deleted'],
    ])('refuses %s by HG003', async (what, data, type) => {
      const key = `for ${what}`
      const original = what === 'another order of keys' ? '{"b": 2, "c": 1}' : '{"a": [1, "x y"]}'
      await publish(original, key)
      expect(await errorOf(client.query(PUBLISH, [type, data, key]))).toEqual({
        code: 'HG003',
        message: 'The idempotency key was used for another event within the last 24 hours.',
      })
    })

    it('takes 255 characters of any script', async () => {
      const key = '😀'.repeat(255)
      expect(await publish('1', key)).toBe(await publish('1', key))
    })

    it('gives the key back when the transaction is rolled back, also to a savepoint', async () => {
      await client.query('BEGIN')
      await publish('1', 'undone')
      await client.query('ROLLBACK')
      await client.query('BEGIN')
      await client.query('SAVEPOINT first')
      await publish('2', 'undone')
      await client.query('ROLLBACK TO SAVEPOINT first')
      const kept = await publish('3', 'undone')
      expect(await publish('3', 'undone')).toBe(kept)
      await client.query('COMMIT')
      expect(await publish('3', 'undone')).toBe(kept)
    })

    it('lets the second of two transactions wait for the first, and gives both the same event', async () => {
      const second = await connectAs(role)
      await client.query('BEGIN')
      const first = await publish('1', 'at once')
      const waiting = publish('1', 'at once', 'post.created', second)
      await until(
        async () => (await inDatabase(database, 'SELECT FROM pg_locks WHERE NOT granted')).length > 0,
      )
      await client.query('COMMIT')
      expect(await waiting).toBe(first)
    })

    it('lets a transaction of an older snapshot fail instead of publishing twice', async () => {
      const old = await connectAs(role)
      await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      await old.query('SELECT 1')
      const first = await publish('1', 'old snapshot')
      expect((await errorOf(publish('1', 'old snapshot', 'post.created', old))).code).toBe('40001')
      await old.query('ROLLBACK')
      expect(await publish('1', 'old snapshot', 'post.created', old)).toBe(first)
    })

    it('means the key of the calling role, SET ROLE included, and of nobody else', async () => {
      const [other, group] = [await grantedRole(), await grantedRole()]
      await inDatabase(database, `GRANT ${group} TO ${role}, ${other}`)
      const others = await connectAs(other)
      const own = await publish('"own"', 'shared')
      const ofOther = await publish('"other"', 'shared', 'post.created', others)
      await client.query(`SET ROLE ${group}`)
      const ofGroup = await publish('"group"', 'shared')
      await others.query(`SET ROLE ${group}`)
      expect(await publish('"group"', 'shared', 'post.created', others)).toBe(ofGroup)
      await client.query('RESET ROLE')
      expect(await publish('"own"', 'shared')).toBe(own)
      await client.query('BEGIN')
      await client.query(`SET LOCAL ROLE ${group}`)
      expect(await publish('"group"', 'shared')).toBe(ofGroup)
      await client.query('COMMIT')
      expect(await publish('"own"', 'shared')).toBe(own)

      const superuser = new Client({ connectionString: database.env.DATABASE_URL })
      await superuser.connect()
      await superuser.query('SET search_path TO hooks')
      await superuser.query(`SET SESSION AUTHORIZATION ${other}`)
      expect(await publish('"other"', 'shared', 'post.created', superuser)).toBe(ofOther)
      await superuser.end()

      // Subjects of tokens that are named like the role.
      for (const sub of [role, `role:${role}`]) {
        const token = tokenFor({ role: 'publisher', sub })
        const json = { type: 'post.created', data: 'by token' }
        const answer = await gateway.rest('POST', 'event/', {
          token,
          json,
          headers: { 'idempotency-key': 'shared' },
        })
        expect([answer.status, [own, ofOther, ofGroup].includes(answer.body.event_id)]).toEqual([201, false])
      }
    })
  })

  it('answers the id by which the event is read, and the event is there for the other statements of the transaction', async () => {
    await client.query('CREATE TEMPORARY TABLE orders (id integer, event_id bigint)')
    await client.query('BEGIN')
    await client.query(
      `INSERT INTO orders VALUES (1, hookgate_publish('post.created', '{"order": 1}', 'order 1'))`,
    )
    await client.query('COMMIT')
    const { rows } = await client.query('SELECT event_id FROM orders')
    const { data } = await gateway.gql(
      `{ webhookEvent(id: "${rows[0].event_id}") { type data isOut: fannedOutAt } }`,
    )
    expect(data.webhookEvent).toEqual({ type: 'post.created', data: { order: 1 }, isOut: expect.any(String) })
    expect(await arrived(Number(rows[0].event_id))).toContain('{"order": 1}')
    expect(endpointId).toBeGreaterThan(0)
  })
})
