import { setTimeout as sleep } from 'node:timers/promises'
import {
  createTestDatabase,
  JWT_SECRET,
  spawnGateway,
  type TestGateway,
  testGateway,
} from '../support/gateway'
import { openHandles } from '../support/process-stats'
import { connectRaw, type RawClient } from '../support/raw-client'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { MAIN, NODE_FLAGS } from '../support/template'
import { until } from '../support/until'

/** A gateway that may open this many files and sockets. */
async function startWithDescriptors(count: number, env: Record<string, string> = {}): Promise<TestGateway> {
  const database = await createTestDatabase()
  const serve = [process.execPath, ...NODE_FLAGS, MAIN, 'serve'].join(' ')
  const command = ['sh', '-c', `ulimit -n ${count}; exec ${serve}`]
  const child = spawnGateway(
    { HOOKGATE_JWT_SECRET: JWT_SECRET, ...database.env, LOG_LEVEL: 'warn', ...env },
    command,
  )
  return testGateway(child, database)
}

const deliveriesOf = async (gateway: TestGateway, eventId: number) => {
  const query = 'query ($id: ID!) { webhookEvent(id: $id) { deliveries { status attemptCount } } }'
  return (await gateway.gql(query, { id: eventId })).data.webhookEvent.deliveries
}

it('with 400 descriptors and 300 slow clients, events are delivered at the first try', async () => {
  const gateway = await startWithDescriptors(400)
  const receiver = await startReceiver()
  const { id } = await gateway.createEndpoint({ target: receiver.url })
  const clients: RawClient[] = Array.from({ length: 300 }, () => connectRaw(gateway.url))
  for (const { socket } of clients) socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n')
  await sleep(1_000)
  const published = await Promise.all(
    Array.from({ length: 20 }, () =>
      gateway.rest('POST', 'event/', { json: { type: 'post.created', data: 1 } }),
    ),
  )
  expect(published.map(({ status }) => status)).toEqual(Array(20).fill(201))
  await until(() => receiver.received.length === 20)
  for (const { body } of published) {
    await until(async () => (await deliveriesOf(gateway, body.event_id))[0].status !== 'PENDING')
    expect(await deliveriesOf(gateway, body.event_id)).toEqual([{ status: 'DELIVERED', attemptCount: 1 }])
  }
  expect((await gateway.rest('GET', `endpoint/${id}/`)).body.is_active).toBe(true)
  for (const { socket } of clients) socket.destroy()
  await receiver.close()
  await gateway.stop()
})

it('sends that find no descriptor use up no try, and are made when there is one', async () => {
  // Sends alone want more than there are.
  const gateway = await startWithDescriptors(150, {
    HOOKGATE_CONCURRENCY: '300',
    HOOKGATE_ENDPOINT_CONCURRENCY: '300',
    HOOKGATE_RETRY_SCHEDULE: '1',
    HOOKGATE_SEND_TIMEOUT_MS: '60000',
  })
  let isOpen = false
  const receiver = await startReceiver(() => (isOpen ? 204 : 'never'))
  await gateway.createEndpoint({ target: receiver.url })
  const ids: number[] = []
  // Once the sends have taken the descriptors, the database may be out of reach: 503, nothing stored.
  while (ids.length < 200) {
    const json = { type: 'post.created', data: ids.length }
    const { status, body } = await gateway.rest('POST', 'event/', { json })
    expect([201, 503]).toContain(status)
    if (status === 201) ids.push(body.event_id)
    else await sleep(50)
  }
  await until(() => gateway.output().includes('EMFILE'))
  report(`${openHandles(gateway.process.pid ?? 0)} descriptors are open`)
  await sleep(3_000)
  // No request is answered while no descriptor is left. The process continues.
  expect(gateway.process.exitCode).toBeNull()
  isOpen = true
  // The sends that hang end here, as failed tries. The others had none.
  receiver.dropConnections()
  let firstTries = 0
  for (const id of ids) {
    await until(async () => (await deliveriesOf(gateway, id))[0].status !== 'PENDING')
    const [{ status, attemptCount }] = await deliveriesOf(gateway, id)
    expect(status).toBe('DELIVERED')
    if (attemptCount === 1) firstTries += 1
  }
  report(`${firstTries} of ${ids.length} events were delivered at the first try`)
  expect(firstTries).toBeGreaterThan(30)
  expect(gateway.output()).not.toContain('"level":50')
  await receiver.close()
  await gateway.stop()
})
