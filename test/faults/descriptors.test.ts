import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { publishInBulk } from '../support/bulk'
import {
  createTestDatabase,
  JWT_SECRET,
  spawnGateway,
  startTestGateway,
  type TestGateway,
  testGateway,
} from '../support/gateway'
import { openHandles } from '../support/process-stats'
import { connectRaw, type RawClient } from '../support/raw-client'
import { startReceiver } from '../support/receiver'
import { serverOnly } from '../support/server-only'
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
  const query = 'query ($id: ID!) { webhookEvent(id: $id) { deliveries { nodes { status attemptCount } } } }'
  return (await gateway.gql(query, { id: eventId })).data.webhookEvent.deliveries.nodes
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

it('with 300 descriptors and receivers that never answer, the API still answers', async () => {
  // Sends alone want more than there are.
  const gateway = await startWithDescriptors(300, {
    HOOKGATE_CONCURRENCY: '400',
    HOOKGATE_ENDPOINT_CONCURRENCY: '100',
  })
  const hanging = await startReceiver(() => 'never')
  for (let nth = 0; nth < 4; nth += 1) await gateway.createEndpoint({ target: `${hanging.url}${nth}` })
  const publish = async () => {
    const { status } = await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: 1 } })
    expect(status).toBe(201)
  }
  for (let nth = 0; nth < 50; nth += 1) await publish()
  await until(() => hanging.open() === 100)
  await publish()
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  expect(gateway.output()).not.toContain('EMFILE')
  await hanging.close()
  await gateway.stop()
})

serverOnly('sends that find no descriptor use up no try, and are made when there is one', async () => {
  const database = await createTestDatabase()
  const gateway = await startTestGateway({ LOG_LEVEL: 'warn' }, database)
  const receiver = await startReceiver()
  await gateway.createEndpoint({ target: receiver.url })
  // Connections to the database are open from here on.
  for (let nth = 0; nth < 20; nth += 1) await gateway.rest('GET', 'endpoint/')
  const pid = gateway.process.pid ?? 0
  const limit = (count: number) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`])
  limit(openHandles(pid))
  const ids = await publishInBulk(database, 50)
  await until(() => gateway.output().includes('EMFILE'))
  await sleep(2_500)
  expect(receiver.received).toHaveLength(0)
  limit(5_000)
  await until(() => receiver.received.length === 50)
  for (const id of ids) {
    await until(async () => (await deliveriesOf(gateway, id))[0].status !== 'PENDING')
    expect(await deliveriesOf(gateway, id)).toEqual([{ status: 'DELIVERED', attemptCount: 1 }])
  }
  expect(gateway.output()).not.toContain('"level":50')
  await receiver.close()
  await gateway.stop()
})
