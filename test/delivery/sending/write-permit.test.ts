import { once } from 'node:events'
import type { WritePermit } from '../../../src/delivery/sending/send-request'
import { until } from '../../support/until'
import { closedPort, httpReceiver, SHORT_MS, tcpReceiver, testSender } from './receivers'

/** A permit that records its calls. `isAllowed` is the result of its check. */
function recordedPermit(isAllowed: () => boolean | Promise<boolean> = () => true) {
  const calls: string[] = []
  const permit: WritePermit = {
    onConnecting: () => calls.push('connecting'),
    async check() {
      calls.push('check')
      return isAllowed()
    },
    onWriting: () => calls.push('writing'),
  }
  return { calls, permit }
}

const send = (target: string, permit: WritePermit, sender = testSender()) =>
  sender.send({ target, body: '{}', headers: {}, verifyTls: true, permit })

describe('a permit', () => {
  it('is checked once the connection is open, and then the request is written', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const { calls, permit } = recordedPermit(async () => {
      await until(() => receiver.connections.length === 1)
      return true
    })
    expect(await send(receiver.url, permit)).toMatchObject({ error: null, sentAt: expect.any(Date) })
    expect(calls).toEqual(['connecting', 'check', 'writing'])
  })

  it('that the gateway gives late takes nothing from the time of the receiver', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const { permit } = recordedPermit(async () => {
      await new Promise((resolve) => setTimeout(resolve, 3 * SHORT_MS))
      return true
    })
    const result = await send(receiver.url, permit, testSender({ timeoutMs: SHORT_MS }))
    expect(result).toMatchObject({ error: null })
    expect(result.durationMs).toBeLessThan(3 * SHORT_MS)
  })

  it('that is not given sends not one byte, and its connection ends', async () => {
    let bytes = 0
    const receiver = await tcpReceiver((socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
    const { calls, permit } = recordedPermit(() => false)
    const result = await send(receiver.url, permit)
    expect(result).toMatchObject({ error: 'ABORTED', sentAt: null, status: null })
    await until(() => receiver.connections.length === 1)
    const [connection] = receiver.connections
    if (connection && !connection.closed) await once(connection.resume(), 'close')
    expect([bytes, calls]).toEqual([0, ['connecting', 'check']])
  })

  it('is not checked when a connection is open already', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender()
    await sender.post(receiver.url)
    const { calls, permit } = recordedPermit()
    expect(await send(receiver.url, permit, sender)).toMatchObject({ error: null })
    expect(calls).toEqual(['writing'])
    expect(receiver.connections).toHaveLength(1)
  })

  it('is not checked when no connection can be opened', async () => {
    const { calls, permit } = recordedPermit()
    const result = await send(`http://127.0.0.1:${await closedPort()}`, permit)
    expect(result).toMatchObject({ error: 'CONNECTION', sentAt: null })
    expect(calls).toEqual(['connecting'])
  })

  it('that is given after the receiver has reset the connection ends as CONNECTION', async () => {
    const receiver = await tcpReceiver()
    const { permit } = recordedPermit(async () => {
      await until(() => receiver.connections.length === 1)
      receiver.connections[0]?.resetAndDestroy()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return true
    })
    expect(await send(receiver.url, permit)).toMatchObject({ error: 'CONNECTION', status: null })
  })
})
