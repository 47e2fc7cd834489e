import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type DnsServer, startDnsServer } from '../support/dns-server'
import { attemptsOf, deliveryOf, publish, publishMany } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { atEnd } from '../support/leftovers'
import { startReceiver } from '../support/receiver'
import { until } from '../support/until'

let gateway: TestGateway
let names: DnsServer
beforeAll(async () => {
  names = await startDnsServer((name) => (name === 'hooks.example.test' ? ['127.0.0.1'] : 'unknown'))
  gateway = await startTestGateway({ HOOKGATE_DNS_SERVERS: names.address, HOOKGATE_RETRY_SCHEDULE: '600' })
})
afterAll(async () => {
  await gateway?.stop()
  await names?.close()
})

/** A server that does what it likes with the bytes it gets. Returns its port. */
async function startServer(onConnection: (socket: Socket) => unknown): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => server.close())
  return (server.address() as AddressInfo).port
}

const answering = (answer: string) => (socket: Socket) =>
  socket.once('data', () => socket.end(answer, 'latin1'))

/** Publishes an event of a type that only a new endpoint listens to; resolves with its first attempt. */
async function attemptTo(type: string, target: string) {
  const { id } = await gateway.createEndpoint({ target, events: [{ type }] })
  const eventId = await publish(gateway, {}, type)
  await until(async () => (await attemptsOf(gateway, id)).length > 0)
  const [attempt] = await attemptsOf(gateway, id)
  return { id, attempt, delivery: await deliveryOf(gateway, eventId) }
}

describe('a delivery is DELIVERED at its first attempt', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

  it.each([
    [
      'F1: after a 100 Continue that nobody wanted',
      'discussion.created',
      `HTTP/1.1 100 Continue\r\n\r\n${ok}`,
      200,
    ],
    [
      'F2: by a 204 with a length',
      'discussion.updated',
      'HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok',
      204,
    ],
    [
      'F3: by an odd head of 64 KiB',
      'discussion.follow',
      `HTTP/1.1 200\nX-A : \xe9\n folded\nContent-Length: 2\nX-B: ${'b'.repeat(65_536)}\ncontent-length: 2\n\nok`,
      200,
    ],
  ])('%s', async (_, type, answer, status) => {
    const port = await startServer(answering(answer))
    const { attempt, delivery } = await attemptTo(type, `http://127.0.0.1:${port}/`)
    expect(attempt).toMatchObject({ responseStatus: status, error: null, errorDetail: null })
    expect(delivery).toMatchObject({ status: 'DELIVERED', attemptCount: 1 })
  })

  it('F5: although the receiver closes each connection at its second request', async () => {
    const port = await startServer((socket) => {
      let requests = 0
      socket.on('data', () => {
        requests += 1
        if (requests === 1) socket.write(ok)
        else socket.destroy()
      })
    })
    const { id } = await gateway.createEndpoint({
      target: `http://127.0.0.1:${port}/`,
      events: [{ type: 'discussion.deleted' }],
    })
    const eventIds = await publishMany(gateway, 60, 'discussion.deleted')
    await until(async () => (await attemptsOf(gateway, id)).length >= 60)
    expect((await attemptsOf(gateway, id)).filter(({ error }) => error !== null)).toEqual([])
    for (const eventId of eventIds.slice(0, 5))
      expect(await deliveryOf(gateway, eventId)).toMatchObject({ status: 'DELIVERED', attemptCount: 1 })
  })

  it('although its name is known to the configured name server alone', async () => {
    const receiver = await startReceiver()
    const { attempt } = await attemptTo('category.created', `http://hooks.example.test:${receiver.port}/`)
    expect(attempt).toMatchObject({ error: null })
    expect(names.queries).toContain('hooks.example.test')
  })
})

it('F8: an attempt that failed says why, in one sentence, by both APIs', async () => {
  const port = await startServer(answering('SSH-2.0-OpenSSH_9.2p1\r\n'))
  const { id, attempt } = await attemptTo('category.updated', `http://127.0.0.1:${port}/?token=secret`)
  const detail = 'The receiver does not speak HTTP: "SSH-2.0-OpenSSH_9.2p1\\r\\n".'
  expect(attempt).toMatchObject({ error: 'CONNECTION', errorDetail: detail })
  const { body } = await gateway.rest('GET', `endpoint/${id}/attempt/`)
  expect(body.results).toMatchObject([{ number: 1, error: 'connection', error_detail: detail }])
})

it('F8: a name that does not exist is named', async () => {
  const { attempt } = await attemptTo('category.deleted', 'http://gone.example.test/')
  expect(attempt).toMatchObject({
    error: 'DNS',
    sentAt: null,
    errorDetail: 'The name gone.example.test could not be resolved: it does not exist (ENOTFOUND).',
  })
})

it('G2: while no name server answers, a delivery waits without using a try, and arrives afterwards', async () => {
  const silent = await startDnsServer(() => 'silent')
  atEnd(() => silent.close())
  const own = await startTestGateway({
    HOOKGATE_DNS_SERVERS: silent.address,
    HOOKGATE_SEND_TIMEOUT_MS: '1000',
    HOOKGATE_RETRY_SCHEDULE: '1',
  })
  const receiver = await startReceiver()
  const { id } = await own.createEndpoint({ target: `http://hooks.example.test:${receiver.port}/` })
  const eventId = await publish(own)
  // A lookup makes 8 queries at most. With one retry in the schedule, three lookups with a try each would have ended the delivery.
  await until(() => silent.queries.length > 16)
  expect(await attemptsOf(own, id)).toEqual([])
  expect(await deliveryOf(own, eventId)).toMatchObject({ status: 'PENDING', attemptCount: 0 })

  silent.answer = () => ['127.0.0.1']
  await until(async () => (await deliveryOf(own, eventId)).status === 'DELIVERED')
  // Of a lookup that was under way, one of two queries may have been answered: then the name server answers, and the try counts.
  const attempts = await attemptsOf(own, id)
  expect(attempts.filter(({ error }) => error === null)).toHaveLength(1)
  expect(attempts.length).toBeLessThanOrEqual(2)
  await own.stop()
})
