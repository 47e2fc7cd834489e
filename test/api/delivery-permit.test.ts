import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { certificateFor } from '../support/certificate'
import { attemptsOf, deliveryOf, publish } from '../support/events'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { until } from '../support/until'

/** A receiver by HTTPS whose connections are established only after `open`. */
interface SlowReceiver {
  url: string
  /** headers of the requests that arrived */
  received: Record<string, unknown>[]
  /** connections that are not established yet */
  connecting(): number
  open(): void
  close(): Promise<void>
}

async function startSlowReceiver(): Promise<SlowReceiver> {
  const received: Record<string, unknown>[] = []
  const server = createHttpsServer(certificateFor('localhost'), (request, response) => {
    received.push(request.headers)
    request.resume().on('end', () => response.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const held = new Set<Socket>()
  const all = new Set<Socket>()
  let isOpen = false
  const pass = (socket: Socket) => {
    const upstream = connect((server.address() as AddressInfo).port, '127.0.0.1')
    all.add(upstream)
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    socket.pipe(upstream).pipe(socket)
  }
  const gate = createServer((socket) => {
    all.add(socket)
    socket.on('error', () => undefined)
    if (isOpen) pass(socket)
    else held.add(socket)
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(gate.address() as AddressInfo).port}/hook`,
    received,
    connecting: () => held.size,
    open() {
      isOpen = true
      for (const socket of held) pass(socket)
      held.clear()
    },
    async close() {
      for (const socket of all) socket.destroy()
      server.close()
      gate.close()
      await Promise.all([once(server, 'close'), once(gate, 'close')])
    },
  }
}

let gateway: TestGateway
let slow: SlowReceiver
let other: TestReceiver
let endpointId: number
let eventIds: number[]

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway?.stop())

/** Three sends to an endpoint wait for their connections. */
beforeEach(async () => {
  slow = await startSlowReceiver()
  other = await startReceiver()
  const fields = { target: slow.url, ssl_cert_verification: false }
  endpointId = (await gateway.createEndpoint(fields)).id
  eventIds = [await publish(gateway), await publish(gateway), await publish(gateway)]
  await until(() => slow.connecting() === 3)
})
afterEach(async () => {
  await gateway.rest('DELETE', `endpoint/${endpointId}/`)
  await slow.close()
  await other.close()
})

const patch = async (json: object) =>
  expect((await gateway.rest('PATCH', `endpoint/${endpointId}/`, { json })).status).toBe(200)

const statuses = async () =>
  (await Promise.all(eventIds.map((id) => deliveryOf(gateway, id)))).map(({ status }) => status)

/** Waits until another endpoint is served: by then any other due delivery has been sent. */
async function othersAreServed(): Promise<void> {
  const { id } = await gateway.createEndpoint({ target: other.url, events: [{ type: 'post.deleted' }] })
  for (let nth = 1; nth <= 3; nth += 1) {
    await publish(gateway, {}, 'post.deleted')
    await until(() => other.received.length >= nth)
  }
  await gateway.rest('DELETE', `endpoint/${id}/`)
}

describe('a send whose connection is not established yet', () => {
  it('does not happen once its endpoint is switched off, uses up no try, and happens once it is on again', async () => {
    await patch({ is_active: false })
    slow.open()
    await othersAreServed()
    expect(slow.received).toEqual([])
    expect(await attemptsOf(gateway, endpointId)).toEqual([])
    expect(await statuses()).toEqual(['PENDING', 'PENDING', 'PENDING'])
    await patch({ is_active: true })
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 3)
    expect((await attemptsOf(gateway, endpointId)).map(({ number, error }) => [number, error])).toEqual([
      [1, null],
      [1, null],
      [1, null],
    ])
    expect(await statuses()).toEqual(['DELIVERED', 'DELIVERED', 'DELIVERED'])
  })

  it('goes to the new target of its endpoint', async () => {
    await patch({ target: other.url })
    slow.open()
    await until(() => other.received.length === 3)
    expect(other.eventIds().sort()).toEqual([...eventIds].sort())
    expect(slow.received).toEqual([])
  })

  it('is signed only by the new secret when the old one was expired', async () => {
    const path = `endpoint/${endpointId}/secret/`
    expect((await gateway.rest('POST', `${path}expire/`)).status).toBe(200)
    const { body } = await gateway.rest('POST', `${path}reveal/`, { json: {} })
    slow.open()
    await until(() => slow.received.length === 3)
    await until(async () => (await attemptsOf(gateway, endpointId)).length === 3)

    for (const attempt of await attemptsOf(gateway, endpointId)) {
      const [t, ...signatures] = attempt.requestSignatureHeader.split(',')
      const signed = `${t?.slice(2)}.${attempt.requestBody}`
      const expected = createHmac('sha256', body.signing_secret).update(signed).digest('hex')
      expect(signatures).toEqual([`v1=${expected}`])
    }
  })

  it('does not happen once its type is off the event list', async () => {
    await patch({ events: [{ type: 'post.deleted' }] })
    slow.open()
    await until(async () => (await statuses()).every((status) => status === 'CANCELLED'))
    expect(slow.received).toEqual([])
    expect(await attemptsOf(gateway, endpointId)).toEqual([])
  })
})
