import { startCutOffProxy } from '../support/cut-off-proxy'
import { connectTo } from '../support/database-connections'
import { publish } from '../support/events'
import { createTestDatabase, startTestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

const DEAF = 'notifications are not received'
const BACK = 'notifications are received again'

it.each(['forgotten', 'late'] as const)(
  'a listening connection that falls silent is noticed, logged and replaced (%s)',
  async (how) => {
    const database = await createTestDatabase()
    // Notifications alone go through the proxy.
    const proxy = await startCutOffProxy(database.env.DATABASE_URL)
    const worker = await startTestGateway(
      { HOOKGATE_ROLES: 'worker', HOOKGATE_DATABASE_DIRECT_URL: proxy.url },
      database,
    )
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const receiver = await startReceiver()
    await api.createEndpoint({ target: receiver.url })
    const client = await connectTo(database)
    const listening = async () => {
      const { rows } = await client.query(
        `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'hookgate notifications'`,
      )
      return rows.map(({ pid }) => pid)
    }
    await until(async () => (await listening()).length === 1)
    const [before] = await listening()

    proxy.stall()
    await until(() => worker.output().includes(DEAF), 30_000)
    // Deliveries continue meanwhile.
    const meanwhile = await publish(api)
    await until(() => receiver.eventIds().includes(meanwhile))
    expect(worker.output()).not.toContain(BACK)

    proxy.heal(how)
    await until(() => worker.output().includes(BACK), 30_000)
    const now = await listening()
    expect(now.filter((pid) => pid !== before)).toHaveLength(1)
    const afterwards = await publish(api)
    await until(() => receiver.eventIds().includes(afterwards))
    // Told once, however often the connection was tried.
    expect(worker.output().split(DEAF)).toHaveLength(2)
    expect((await fetch(`${worker.url}/readyz`)).status).toBe(200)
    await client.end()
    await api.end()
    await worker.stop()
    await receiver.close()
    proxy.close()
  },
)
