import type { Socket } from 'node:net'
import type { WritePermit } from '../../../../src/delivery/sending/send-request'
import { closedPort, httpReceiver, type Receiver, tcpReceiver, testSender } from '../receivers'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers the first request of every connection, and does something else with the second one. */
function answersOnce(onSecond: (socket: Socket) => unknown): Promise<Receiver & { requests: number[] }> {
  const requests: number[] = []
  const receiver = tcpReceiver(undefined, (socket) => {
    const nth = requests.push(0) - 1
    socket.on('data', () => {
      requests[nth] = (requests[nth] ?? 0) + 1
      if (requests[nth] === 1) socket.write(OK)
      else onSecond(socket)
    })
  })
  return receiver.then((each) => Object.assign(each, { requests }))
}

describe('F5: a request whose kept connection dies before a byte of the answer', () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ['is reset', (socket) => socket.resetAndDestroy()],
    ['is closed', (socket) => socket.end()],
  ])('%s is sent again at once on a new connection', async (_, act) => {
    const receiver = await answersOnce(act)
    const sender = testSender()
    for (let i = 0; i < 4; i += 1)
      expect(await sender.post(receiver.url)).toMatchObject({ error: null, responseBody: 'ok' })
    expect(receiver.requests).toEqual([2, 2, 2, 1])
  })

  it('is checked again before that, because its endpoint may have been changed meanwhile', async () => {
    const receiver = await answersOnce((socket) => socket.end())
    const sender = testSender()
    await sender.post(receiver.url)
    const calls: string[] = []
    const permit: WritePermit = {
      onConnecting: () => calls.push('connecting'),
      check: async () => calls.push('check') > 0,
      onWriting: () => calls.push('writing'),
    }
    const request = { target: receiver.url, body: '{}', headers: {}, verifyTls: true, permit }
    expect(await sender.send(request)).toMatchObject({ error: null })
    expect(calls).toEqual(['writing', 'connecting', 'check', 'writing'])
  })

  it('is not sent again when that check fails', async () => {
    const receiver = await answersOnce((socket) => socket.end())
    const sender = testSender()
    await sender.post(receiver.url)
    const permit: WritePermit = { onConnecting() {}, check: async () => false, onWriting() {} }
    const request = { target: receiver.url, body: '{}', headers: {}, verifyTls: true, permit }
    expect(await sender.send(request)).toMatchObject({ error: 'ABORTED' })
    expect(receiver.requests).toEqual([2, 0])
  })

  it('fails when the receiver is gone, and may have arrived', async () => {
    const receiver = await answersOnce((socket) => socket.end())
    const sender = testSender({ lookup: async () => ({ addresses: [{ address, family: 4 }], ttlMs: 0 }) })
    let address = '127.0.0.1'
    const target = `http://hooks.example.test:${receiver.port}`
    expect(await sender.post(target)).toMatchObject({ error: null })
    address = '10.0.0.1'
    expect(await sender.post(target)).toMatchObject({ error: 'BLOCKED_ADDRESS', sentAt: expect.any(Date) })
  })

  it('fails when the new connection dies as well: one more try at once, and no third', async () => {
    let requests = 0
    const receiver = await httpReceiver(({ socket }, response) => {
      requests += 1
      if (requests === 1) response.end('ok')
      else socket.destroy()
    })
    const sender = testSender()
    expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(await sender.post(receiver.url)).toMatchObject({ error: 'CONNECTION', sentAt: expect.any(Date) })
    expect(requests).toBe(3)
  })
})

describe('a request is not sent again', () => {
  it.each<[string, string]>([
    ['half a status line', 'HTTP/1.1 2'],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('when its kept connection dies after %s', async (_, bytes) => {
    const receiver = await answersOnce((socket) => socket.end(bytes))
    const sender = testSender()
    await sender.post(receiver.url)
    expect(await sender.post(receiver.url)).toMatchObject({ error: 'CONNECTION' })
    expect(receiver.requests).toEqual([2])
  })

  it('when its connection was new', async () => {
    const receiver = await tcpReceiver((socket) => socket.end())
    expect(await testSender().post(receiver.url)).toMatchObject({ error: 'CONNECTION' })
    expect(receiver.connections).toHaveLength(1)
    expect(await testSender().post(`http://127.0.0.1:${await closedPort()}`)).toMatchObject({ sentAt: null })
  })
})
