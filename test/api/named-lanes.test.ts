import { startTestGateway, type TestGateway } from '../support/gateway'
import { describeServer } from '../support/server-only'
import { connectSqlPublisher, type SqlPublisher } from '../support/sql-publisher'

const TYPE = 'post.created'

describeServer('A transaction that publishes many events', () => {
  let gateway: TestGateway
  let publisher: SqlPublisher
  let endpointId: number

  beforeAll(async () => {
    gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    endpointId = Number((await gateway.createEndpoint({ events: [{ type: TYPE }] })).id)
    publisher = await connectSqlPublisher(gateway)
  })
  afterEach(() => publisher.client.query('ROLLBACK'))
  afterAll(async () => {
    await publisher.end()
    await gateway.stop()
  })

  const begin = () => publisher.client.query('BEGIN; DELETE FROM lane_wakes')
  const wakes = async (): Promise<number[]> =>
    (await publisher.client.query('SELECT endpoint_id AS id FROM lane_wakes')).rows.map(({ id }) => id)

  it('names a lane once', async () => {
    await begin()
    for (let nth = 0; nth < 50; nth += 1) await publisher.publish(TYPE)
    expect(await wakes()).toEqual([endpointId])
  })

  it('names it again when a savepoint has taken its name back', async () => {
    await begin()
    await publisher.client.query('SAVEPOINT before')
    await publisher.publish(TYPE)
    await publisher.client.query('ROLLBACK TO before')
    expect(await wakes()).toEqual([])
    await publisher.publish(TYPE)
    expect(await wakes()).toEqual([endpointId])
  })

  it('names it again in the next transaction', async () => {
    for (const _ of [1, 2]) {
      await begin()
      await publisher.publish(TYPE)
      expect(await wakes()).toEqual([endpointId])
      await publisher.client.query('ROLLBACK')
    }
  })

  it.each([
    ['names of another transaction', () => `1 {${endpointId}}`],
    ['names without a transaction', () => `{${endpointId}}`],
    ['any text', () => 'x y z'],
    ['nothing', () => ''],
  ])('names it whatever the session has in its place: %s', async (_, setting) => {
    await publisher.client.query("SELECT set_config('hookgate.named_lanes', $1, false)", [setting()])
    await begin()
    await publisher.publish(TYPE)
    expect(await wakes()).toEqual([endpointId])
  })
})
