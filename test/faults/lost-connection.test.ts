import { setTimeout as sleep } from 'node:timers/promises'
import { untilSettled } from '../support/crashes'
import { type CutOffProxy, type CutOffProxyOptions, startCutOffProxy } from '../support/cut-off-proxy'
import { connectTo } from '../support/database-connections'
import { attemptsOf, deliveryOf, publish } from '../support/events'
import { createTestDatabase, startTestGateway, type TestDatabase, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

/** The gateway waits this long for an answer of its database, and leases are over after the same time. */
const GIVEN_UP_MS = 10_000

/** Three leases: whatever a dead worker held is somebody else's by then. */
const PATIENCE_MS = 30_000

/** Set by a test: when the connections between the worker and its database fall silent. */
let fatal: NonNullable<CutOffProxyOptions['stallBefore']>
let isSilent: boolean
let proxy: CutOffProxy
let database: TestDatabase
let api: TestGateway
let worker: TestGateway
let receiver: TestReceiver
let endpointId: number

beforeEach(async () => {
  fatal = () => false
  isSilent = false
  database = await createTestDatabase()
  proxy = await startCutOffProxy(database.env.DATABASE_URL, {
    stallBefore(chunk, speaker) {
      isSilent ||= fatal(chunk, speaker)
      return isSilent
    },
  })
  api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
  worker = await startTestGateway({ HOOKGATE_ROLES: 'worker', DATABASE_URL: proxy.url }, database)
  receiver = await startReceiver()
  endpointId = (await api.createEndpoint({ target: receiver.url })).id
  // Statements are prepared and connections open from now on.
  await untilSettled({ current: api }, [await publish(api)])
})

serverOnly('a send is on record once, though its outcome reaches the database late', async () => {
  // This name is part of the outcome that is recorded after a send.
  fatal = (chunk) => chunk.includes('"signatureHeader"')
  const eventId = await publish(api)
  await until(() => isSilent)
  await sleep(GIVEN_UP_MS + 2_000)
  fatal = () => false
  isSilent = false
  proxy.heal('late')
  await untilSettled({ current: api }, [eventId])
  // The worker delivers again: by now it has recorded the first send.
  await untilSettled({ current: api }, [await publish(api)])
  const sends = receiver.received.filter((webhook) => webhook.eventId === eventId)
  const attempts = await attemptsOf(api, endpointId, { eventId: String(eventId) })
  expect(attempts.map(({ responseStatus }) => responseStatus)).toEqual(sends.map(() => 204))
})

serverOnly('a worker whose machine is lost in the middle of a claim holds nobody up', async () => {
  // The event comes from the database with the claim; the next word of the worker would commit it.
  let isClaimed = false
  fatal = (chunk, speaker) => {
    isClaimed ||= speaker === 'database' && chunk.includes('the lost one')
    return isClaimed && speaker === 'client'
  }
  const eventId = await publish(api, 'the lost one')
  await until(() => isSilent)
  const lostAt = Date.now()
  await worker.end('SIGKILL')
  expect(await lockedDeliveries()).toBe(1)

  await startTestGateway({ HOOKGATE_ROLES: 'worker' }, database)
  const patch = () => api.rest('PATCH', `endpoint/${endpointId}/`, { json: { description: 'moved' } })
  report(`PATCH of its endpoint meanwhile: ${(await patch()).status}`)
  const isDelivered = async () => (await deliveryOf(api, eventId)).status === 'DELIVERED'
  await until(isDelivered, PATIENCE_MS - (Date.now() - lostAt))
  report(`delivered ${Date.now() - lostAt} ms after the loss`)
  expect((await patch()).status).toBe(200)
})

/** How many pending deliveries somebody has locked at this moment. */
async function lockedDeliveries(): Promise<number> {
  const client = await connectTo(database)
  const { rows } = await client
    .query(
      `SELECT (SELECT count(*) FROM queue)
        - (SELECT count(*) FROM (SELECT FROM queue FOR UPDATE SKIP LOCKED) free) AS locked`,
    )
    .finally(() => client.end())
  return Number(rows[0].locked)
}
