import { once } from 'node:events'
import type { Departure } from '../../../src/delivery/sending/send-request'
import { until } from '../../support/until'
import { closedPort, httpReceiver, tcpReceiver, testSender } from './receivers'

/** A departure that records its calls. `mayLeave` is its answer. */
function recordedDeparture(mayLeave: () => boolean | Promise<boolean> = () => true) {
  const calls: string[] = []
  const departure: Departure = {
    onConnecting: () => calls.push('connecting'),
    async mayLeave() {
      calls.push('asked')
      return mayLeave()
    },
    onLeaving: () => calls.push('leaving'),
  }
  return { calls, departure }
}

const send = (target: string, departure: Departure, sender = testSender()) =>
  sender.send({ target, body: '{}', headers: {}, verifyTls: true, departure })

describe('a departure', () => {
  it('is asked once the connection is open, and then the request leaves', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const { calls, departure } = recordedDeparture(async () => {
      await until(() => receiver.connections.length === 1)
      return true
    })
    expect(await send(receiver.url, departure)).toMatchObject({ error: null, sentAt: expect.any(Date) })
    expect(calls).toEqual(['connecting', 'asked', 'leaving'])
  })

  it('that is refused sends not one byte, and its connection ends', async () => {
    let bytes = 0
    const receiver = await tcpReceiver((socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
    const { calls, departure } = recordedDeparture(() => false)
    const result = await send(receiver.url, departure)
    expect(result).toMatchObject({ error: 'ABORTED', sentAt: null, status: null })
    await until(() => receiver.connections.length === 1)
    const [connection] = receiver.connections
    if (connection && !connection.closed) await once(connection.resume(), 'close')
    expect([bytes, calls]).toEqual([0, ['connecting', 'asked']])
  })

  it('is not asked when a connection is open already', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender()
    await sender.post(receiver.url)
    const { calls, departure } = recordedDeparture()
    expect(await send(receiver.url, departure, sender)).toMatchObject({ error: null })
    expect(calls).toEqual(['leaving'])
    expect(receiver.connections).toHaveLength(1)
  })

  it('is not asked when no connection can be opened', async () => {
    const { calls, departure } = recordedDeparture()
    const result = await send(`http://127.0.0.1:${await closedPort()}`, departure)
    expect(result).toMatchObject({ error: 'CONNECTION', sentAt: null })
    expect(calls).toEqual(['connecting'])
  })

  it('that is allowed after the receiver has reset the connection fails as CONNECTION', async () => {
    const receiver = await tcpReceiver()
    const { departure } = recordedDeparture(async () => {
      await until(() => receiver.connections.length === 1)
      receiver.connections[0]?.resetAndDestroy()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return true
    })
    expect(await send(receiver.url, departure)).toMatchObject({ error: 'CONNECTION', status: null })
  })
})
