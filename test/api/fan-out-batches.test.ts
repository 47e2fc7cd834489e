import { startTestGateway, type TestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { describeServer } from '../support/server-only'
import { connectSqlPublisher, listener, type SqlPublisher, unusedType } from '../support/sql-publisher'

describeServer('A batch of fan-outs', () => {
  let gateway: TestGateway
  let publisher: SqlPublisher
  let other: SqlPublisher

  beforeAll(async () => {
    // Without a worker: the tests make each batch.
    gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
  })
  beforeEach(async () => {
    publisher = await connectSqlPublisher(gateway)
    other = await connectSqlPublisher(gateway)
    await publisher.client.query('DELETE FROM fan_outs')
  })
  afterEach(() => Promise.all([publisher.end(), other.end()]))
  afterAll(() => gateway?.stop())

  const listeners = async (count: number, type: string) => {
    const ids: number[] = []
    for (let nth = 0; nth < count; nth += 1) ids.push(await listener(gateway, type))
    return ids
  }
  /** Publishes so that a worker must fan out, however few endpoints listen. */
  const publishForWorker = async (type: string) => {
    await publisher.client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    const eventId = await publisher.publish(type)
    await publisher.client.query('COMMIT')
    return eventId
  }
  const fannedOutAt = async (eventId: number) => {
    const { rows } = await publisher.client.query('SELECT fanned_out_at FROM events WHERE id = $1', [eventId])
    return rows[0].fanned_out_at
  }
  const resend = async (endpointId: number, event: number) =>
    (await gateway.rest('POST', `endpoint/${endpointId}/event/resend/`, { json: { event } })).status

  it('continues where the last one ended, and the last one says that the event is fanned out', async () => {
    const type = unusedType()
    const ids = await listeners(5, type)
    const eventId = await publishForWorker(type)
    expect(await publisher.receiversOf(eventId)).toEqual([])
    for (const made of [2, 4, 5]) {
      expect(await fannedOutAt(eventId)).toBeNull()
      await publisher.fanOut(0, 2)
      expect(await publisher.receiversOf(eventId)).toEqual(ids.slice(0, made))
    }
    expect(await fannedOutAt(eventId)).toBeInstanceOf(Date)
    expect(await publisher.fanOut()).toEqual({ lastEvent: null, deliveryCount: null })
  })

  it('that is rolled back, as by a crash, is made again', async () => {
    const type = unusedType()
    const ids = await listeners(4, type)
    const eventId = await publishForWorker(type)
    await publisher.fanOut(0, 3)
    for (const most of [3, 100]) {
      await other.client.query('BEGIN')
      await other.fanOut(0, most)
      await other.client.query('ROLLBACK')
      expect(await publisher.receiversOf(eventId)).toEqual(ids.slice(0, 3))
      expect(await fannedOutAt(eventId)).toBeNull()
    }
    await publisher.fanOutAll()
    expect(await publisher.receiversOf(eventId)).toEqual(ids)
  })

  it('passes over an event that another worker has in hand, and takes the next one', async () => {
    const [type, otherType] = [unusedType(), unusedType()]
    const [ids, otherIds] = [await listeners(2, type), await listeners(2, otherType)]
    const events = [await publishForWorker(type), await publishForWorker(type)]
    await other.client.query('BEGIN')
    expect(await other.fanOut()).toEqual({ lastEvent: events[1], deliveryCount: 4 })
    const next = await publishForWorker(otherType)
    expect(await publisher.fanOut()).toEqual({ lastEvent: next, deliveryCount: 2 })
    expect(await publisher.fanOut()).toEqual({ lastEvent: null, deliveryCount: null })
    await other.client.query('COMMIT')
    for (const eventId of events) expect(await publisher.receiversOf(eventId)).toEqual(ids)
    expect(await publisher.receiversOf(next)).toEqual(otherIds)
  })

  it('waits for another worker that makes the same lanes, and then continues', async () => {
    const type = unusedType()
    const ids = await listeners(20, type)
    const first = await publishForWorker(type)
    await other.client.query('BEGIN')
    expect(await other.fanOut()).toEqual({ lastEvent: first, deliveryCount: 20 })
    const second = await publishForWorker(type)
    const waiting = publisher.fanOut()
    await untilWaiting(other.client)
    await other.client.query('COMMIT')
    expect(await waiting).toEqual({ lastEvent: second, deliveryCount: 20 })
    for (const eventId of [first, second]) expect(await other.receiversOf(eventId)).toEqual(ids)
  })

  it('is shared by the events that wait: one with many receivers does not hold up one with few', async () => {
    const [manyType, fewType] = [unusedType(), unusedType()]
    const many = await listeners(60, manyType)
    const few = await listeners(3, fewType)
    const big = await publishForWorker(manyType)
    await publisher.fanOut(0, 10)
    const small = await publishForWorker(fewType)
    await publisher.fanOut(0, 10)
    expect(await publisher.receiversOf(small)).toEqual(few)
    expect(await fannedOutAt(small)).not.toBeNull()
    expect(await publisher.receiversOf(big)).toEqual(many.slice(0, 15))
    await publisher.fanOutAll()
    expect(await publisher.receiversOf(big)).toEqual(many)
  })

  it('comes round to every event, however many wait', async () => {
    const type = unusedType()
    const ids = await listeners(3, type)
    const events: number[] = []
    for (let nth = 0; nth < 120; nth += 1) events.push(await publishForWorker(type))
    let after = 0
    for (let round = 0; round < 3; round += 1) after = (await publisher.fanOut(after, 1)).lastEvent ?? 0
    const { rows } = await publisher.client.query('SELECT min(after_endpoint_id) AS first FROM fan_outs')
    expect(rows[0].first).toBe(ids[0])
    await publisher.fanOutAll()
    for (const eventId of events) expect(await publisher.receiversOf(eventId)).toEqual(ids)
  })

  describe('makes no second delivery for an endpoint', () => {
    it('to which the event was resent before its turn, pending or ended', async () => {
      const type = unusedType()
      const ids = await listeners(6, type)
      const [, , pending = 0, ended = 0] = ids
      const eventId = await publishForWorker(type)
      await publisher.fanOut(0, 2)
      expect([await resend(pending, eventId), await resend(ended, eventId)]).toEqual([204, 204])
      await publisher.client.query(
        `WITH sent AS (DELETE FROM queue WHERE event_id = $1 AND endpoint_id = $2 RETURNING *)
        INSERT INTO ended_deliveries SELECT event_id, endpoint_id, 'DELIVERED', 1 FROM sent`,
        [eventId, ended],
      )
      await publisher.fanOutAll()
      expect(await publisher.receiversOf(eventId)).toEqual(ids)
      const { rows } = await publisher.client.query(
        'SELECT endpoint_id AS id FROM queue WHERE event_id = $1 AND resend_count = 1',
        [eventId],
      )
      expect(rows).toEqual([{ id: pending }])
    })

    it('to which the event is being resent: each waits for the other', async () => {
      const type = unusedType()
      const ids = await listeners(2, type)
      const eventId = await publishForWorker(type)
      // A resend that is not committed yet.
      await other.client.query('BEGIN')
      await other.client.query('SELECT resend_deliveries($1, ARRAY[$2::bigint])', [ids[1], eventId])
      expect((await publisher.fanOut()).lastEvent).toBeNull()
      await other.client.query('COMMIT')

      // A batch that is not committed yet.
      await other.client.query('BEGIN')
      await other.fanOut()
      const resending = resend(ids[0] ?? 0, eventId)
      await untilWaiting(publisher.client)
      await other.client.query('COMMIT')
      expect(await resending).toBe(204)
      expect(await publisher.receiversOf(eventId)).toEqual(ids)
    })
  })

  it('drops an event that the retention has removed', async () => {
    const type = unusedType()
    await listeners(1, type)
    const eventId = await publishForWorker(type)
    await publisher.client.query('DELETE FROM events WHERE id = $1', [eventId])
    expect(await publisher.fanOut()).toEqual({ lastEvent: eventId, deliveryCount: 0 })
    expect(await publisher.receiversOf(eventId)).toEqual([])
    expect((await publisher.fanOut()).lastEvent).toBeNull()
  })

  it('calls every lane that it puts a delivery into', async () => {
    const type = unusedType()
    const ids = await listeners(5, type)
    const [awake, asleep, held, resting, absent] = ids
    await publisher.client.query('DELETE FROM lanes WHERE endpoint_id = ANY ($1)', [ids])
    await publisher.client.query(
      `INSERT INTO lanes (endpoint_id, is_awake, due_at, resting_until) VALUES
        ($1, true, now(), NULL), ($2, false, now() + interval '1 hour', NULL), ($3, false, now() + interval '1 hour', NULL),
        ($4, false, now() + interval '2 hours', now() + interval '1 hour')`,
      [awake, asleep, held, resting],
    )
    await publishForWorker(type)
    await other.client.query('BEGIN')
    await other.client.query('SELECT FROM lanes WHERE endpoint_id = $1 FOR UPDATE', [held])
    await publisher.fanOutAll()
    await other.client.query('COMMIT')
    const { rows } = await publisher.client.query(
      `SELECT endpoint_id AS id, is_awake AS awake, due_at = resting_until AS "waitsUntilRested" FROM lanes
      WHERE endpoint_id = ANY ($1) ORDER BY 1`,
      [ids],
    )
    expect(rows).toEqual([
      { id: awake, awake: true, waitsUntilRested: null },
      { id: asleep, awake: true, waitsUntilRested: null },
      { id: held, awake: false, waitsUntilRested: null },
      { id: resting, awake: false, waitsUntilRested: true },
      { id: absent, awake: true, waitsUntilRested: null },
    ])
    const wakes = await publisher.client.query(
      'SELECT endpoint_id AS id FROM lane_wakes WHERE endpoint_id = ANY ($1)',
      [ids],
    )
    expect(wakes.rows).toContainEqual({ id: held })
  })
})
