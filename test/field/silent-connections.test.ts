import { setTimeout as sleep } from 'node:timers/promises'
import { startCutOffProxy } from '../support/cut-off-proxy'
import { createTestDatabase, startTestGateway } from '../support/gateway'
import { until } from '../support/until'

/** The pool closes connections that nobody has used for 10 s. */
const UNUSED_MS = 13_000

it('connections that fall silent while nobody uses them give their places back', async () => {
  const database = await createTestDatabase()
  const proxy = await startCutOffProxy(database.env.DATABASE_URL)
  const env = { HOOKGATE_ROLES: 'api', DATABASE_URL: proxy.url, HOOKGATE_DATABASE_CONNECTIONS: '4' }
  const gateway = await startTestGateway(env, database)
  const readMany = () =>
    Promise.all(Array.from({ length: 12 }, async () => (await gateway.rest('GET', 'endpoint/')).status))
  await readMany()
  proxy.stall()
  await sleep(UNUSED_MS)
  proxy.heal('forgotten')
  await until(async () => (await readMany()).every((status) => status === 200), 60_000)
  await gateway.stop()
  proxy.close()
})
