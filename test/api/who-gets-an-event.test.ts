import { connectTo } from '../support/database-connections'
import { deliveriesOf } from '../support/events'
import { createTestDatabase, startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { describeServer } from '../support/server-only'
import {
  connectSqlPublisher,
  listener,
  patch,
  remove,
  type SqlPublisher,
  unusedType,
} from '../support/sql-publisher'
import { until } from '../support/until'

const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']
/** The only one in which a statement sees what was committed before it started. */
const [READ_COMMITTED = ''] = LEVELS
const OTHER = { events: [{ type: 'user.deleted' }] }

describeServer('Who gets an event', () => {
  let gateway: TestGateway
  let publisher: SqlPublisher

  beforeAll(async () => {
    // Without a worker: the tests make the deliveries that are left to one.
    gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
  })
  beforeEach(async () => {
    publisher = await connectSqlPublisher(gateway)
  })
  afterEach(() => publisher.end())
  afterAll(() => gateway?.stop())

  const begin = async (level: string) => {
    await publisher.client.query(`BEGIN ISOLATION LEVEL ${level}`)
    // The statement that takes the snapshot.
    await publisher.client.query('SELECT count(*) FROM endpoint_events')
  }
  const commit = async () => {
    await publisher.client.query('COMMIT')
    await publisher.fanOutAll()
  }

  describe.each(LEVELS)('when a transaction in %s publishes it', (level) => {
    it('is decided by the changes that were answered before, however old the transaction is', async () => {
      const type = unusedType()
      const on = () => listener(gateway, type)
      const [stays, switchedOff, typeRemoved, deleted] = [await on(), await on(), await on(), await on()]
      const switchedOn = await listener(gateway, type, { is_active: false })
      const typeAdded = await listener(gateway, 'user.deleted')
      const stillOff = await listener(gateway, type, { is_active: false })
      await begin(level)

      const created = await on()
      await patch(gateway, switchedOff, { is_active: false })
      await patch(gateway, typeRemoved, OTHER)
      await remove(gateway, deleted)
      await patch(gateway, switchedOn, { is_active: true })
      await patch(gateway, typeAdded, { events: [{ type }] })
      const eventId = await publisher.publish(type)
      await commit()

      const receivers = await publisher.receiversOf(eventId)
      expect(receivers).toEqual([stays, switchedOn, typeAdded, created].sort((a, b) => a - b))
      expect(receivers).not.toContain(stillOff)
    })

    it('is every endpoint that was on until it was fanned out, whatever happens before the commit', async () => {
      const type = unusedType()
      const [stays, switchedOff, patched, deleted] = [
        await listener(gateway, type),
        await listener(gateway, type),
        await listener(gateway, type),
        await listener(gateway, type),
      ]
      await begin(level)
      const eventId = await publisher.publish(type)
      const [created] = await Promise.all([
        listener(gateway, type),
        patch(gateway, switchedOff, { is_active: false }),
        patch(gateway, patched, { description: 'still on', target: 'http://127.0.0.1:9999/other' }),
        remove(gateway, deleted),
      ])
      await commit()
      const receivers = await publisher.receiversOf(eventId)
      expect(receivers).toEqual(expect.arrayContaining([stays, patched]))
      expect(new Set(receivers).size).toBe(receivers.length)
      // The publisher's own transaction has fanned it out before the changes, and a worker fans it out after them.
      if (level === READ_COMMITTED) expect(receivers).toEqual([stays, switchedOff, patched, deleted])
      else expect(receivers).toEqual([stays, patched, created])
    })

    it('is nobody when the transaction is rolled back, also to a savepoint', async () => {
      const type = unusedType()
      const id = await listener(gateway, type)
      await begin(level)
      const rolledBack = await publisher.publish(type)
      await publisher.client.query('ROLLBACK')
      await begin(level)
      const kept = await publisher.publish(type)
      await publisher.client.query('SAVEPOINT before_the_second')
      const undone = await publisher.publish(type)
      await publisher.client.query('ROLLBACK TO SAVEPOINT before_the_second')
      await commit()
      for (const eventId of [rolledBack, undone]) {
        expect(await publisher.receiversOf(eventId)).toEqual([])
        expect((await gateway.gql(`{ webhookEvent(id: "${eventId}") { id } }`)).data.webhookEvent).toBeNull()
      }
      expect(await publisher.receiversOf(kept)).toEqual([id])
    })
  })

  it.each([
    ['statement', 'SELECT hookgate_publish($1, to_json(lock)) AS id FROM locked'],
    ['function that promises to change nothing', 'SELECT wait_and_publish($1) AS id'],
  ])('is decided when hookgate_publish is called, not when its %s starts', async (_what, publish) => {
    await publisher.client.query(`
      CREATE OR REPLACE FUNCTION wait_and_publish(type text) RETURNS bigint LANGUAGE plpgsql STABLE
      AS $$ BEGIN PERFORM pg_advisory_lock(1); RETURN hookgate_publish(type, '1'); END $$`)
    const type = unusedType()
    const [stays, switchedOff] = [await listener(gateway, type), await listener(gateway, type)]
    const holder = await connectTo(gateway.database)
    await holder.query('SELECT pg_advisory_lock(1)')
    const publishing = publisher.client.query(
      `WITH locked AS MATERIALIZED (SELECT pg_advisory_lock(1)::text AS lock ${publish.includes('locked') ? '' : 'WHERE false'}) ${publish}`,
      [type],
    )
    await until(async () => {
      const { rows } = await holder.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
      return rows.length > 0
    })
    await patch(gateway, switchedOff, { is_active: false })
    const created = await listener(gateway, type)
    await holder.end()
    const { rows } = await publishing
    expect(await publisher.receiversOf(Number(rows[0].id))).toEqual([stays, created])
  })

  it('is every endpoint that is on until its turn, while a worker goes from one to the next', async () => {
    const type = unusedType()
    const ids: number[] = []
    for (let nth = 0; nth < 7; nth += 1) ids.push(await listener(gateway, type))
    const [first, flickers, switchedOff, typeRemoved, deleted, patched, last] = ids as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    await begin('REPEATABLE READ')
    const eventId = await publisher.publish(type)
    await publisher.client.query('COMMIT')
    await publisher.fanOut(0, 1)
    expect(await publisher.receiversOf(eventId)).toEqual([first])

    await patch(gateway, first, { is_active: false })
    await patch(gateway, flickers, { is_active: false })
    await patch(gateway, flickers, { is_active: true })
    await patch(gateway, switchedOff, { is_active: false })
    await patch(gateway, typeRemoved, OTHER)
    await remove(gateway, deleted)
    await patch(gateway, patched, { description: 'still on' })
    const switchedOnBehind = first
    await publisher.fanOut(0, 1)
    await patch(gateway, switchedOnBehind, { is_active: true })
    await publisher.fanOutAll()
    expect(await publisher.receiversOf(eventId)).toEqual([first, flickers, patched, last])
  })
})

describeServer('A delivery that its endpoint does not want any more when the publisher commits', () => {
  it('waits while the endpoint is off, and is cancelled when it is deleted or listens no longer', async () => {
    const [receiver, database] = [await startReceiver(), await createTestDatabase()]
    const gateway = await startTestGateway({}, database)
    const publisher = await connectSqlPublisher(gateway)
    const type = unusedType()
    const create = () => listener(gateway, type, { target: receiver.url })
    const [off, deleted, typeRemoved, on] = [await create(), await create(), await create(), await create()]
    await publisher.client.query('BEGIN')
    const eventId = await publisher.publish(type)
    await patch(gateway, off, { is_active: false })
    await remove(gateway, deleted)
    await patch(gateway, typeRemoved, OTHER)
    expect(receiver.received).toEqual([])
    await publisher.client.query('COMMIT')

    const statuses = async () =>
      Object.fromEntries(
        (await deliveriesOf(gateway, eventId)).map(({ endpoint, status }) => [endpoint.id, status]),
      )
    const settled = {
      [off]: 'PENDING',
      [deleted]: 'CANCELLED',
      [typeRemoved]: 'CANCELLED',
      [on]: 'DELIVERED',
    }
    await until(async () => JSON.stringify(await statuses()) === JSON.stringify(settled))
    expect(receiver.eventIds()).toEqual([eventId])
    await patch(gateway, off, { is_active: true })
    await until(() => receiver.received.length === 2)
    await until(async () => (await statuses())[off] === 'DELIVERED')
    await publisher.end()
    await gateway.stop()
    await receiver.close()
  })
})
