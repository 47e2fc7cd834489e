import { getEventListeners } from 'node:events'
import { until } from '../../support/until'
import { ended, httpReceiver, tcpReceiver, testSender } from './receivers'

describe('a signal', () => {
  const send = (target: string, signal: AbortSignal, sender = testSender()) =>
    sender.send({ target, body: '{}', headers: {}, verifyTls: true, signal })

  it('that is aborted already prevents the send', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const result = await send(receiver.url, AbortSignal.abort())
    expect(result).toMatchObject({ error: 'ABORTED', sentAt: null, status: null })
    expect(receiver.connections).toHaveLength(0)
  })

  it('ends a send that waits for its response, and its connection', async () => {
    const stop = new AbortController()
    const receiver = await tcpReceiver(() => stop.abort())
    expect(await send(receiver.url, stop.signal)).toMatchObject({
      error: 'ABORTED',
      sentAt: expect.any(Date),
    })
    await ended(receiver.connections[0])
  })

  it('ends a send whose response body is arriving, and keeps the status', async () => {
    const stop = new AbortController()
    const receiver = await tcpReceiver((socket) => {
      socket.write('HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf')
      setTimeout(() => stop.abort(), 100)
    })
    expect(await send(receiver.url, stop.signal)).toMatchObject({ error: 'ABORTED', status: 500 })
  })

  it('that hundreds of sends share keeps no listener of them', async () => {
    const stop = new AbortController()
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender()
    const sends = Array.from({ length: 100 }, () => send(receiver.url, stop.signal, sender))
    // Node warns of a leak from the eleventh listener on.
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
    await Promise.all(sends)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('ends all sends that share it', async () => {
    const stop = new AbortController()
    const receiver = await tcpReceiver()
    const sender = testSender()
    const sends = Array.from({ length: 100 }, () => send(receiver.url, stop.signal, sender))
    await until(() => receiver.connections.length === 100)
    stop.abort()
    expect(new Set((await Promise.all(sends)).map(({ error }) => error))).toEqual(new Set(['ABORTED']))
    for (const connection of receiver.connections) await ended(connection)
  })
})

describe('a sender that is closed', () => {
  it('aborts the sends in flight and sends no more', async () => {
    const receiver = await tcpReceiver()
    const sender = testSender()
    const sent = sender.post(receiver.url)
    await until(() => receiver.connections.length > 0)
    await sender.close()
    expect(await sent).toMatchObject({ error: 'ABORTED' })
    expect(await sender.post(receiver.url)).toMatchObject({ error: 'ABORTED', sentAt: null })
    expect(receiver.connections).toHaveLength(1)
  })

  it('may be closed twice', async () => {
    const sender = testSender()
    await sender.close()
    await sender.close()
  })
})
