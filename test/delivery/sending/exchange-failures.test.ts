import { closedPort, drip, ended, flood, httpReceiver, SHORT_MS, tcpReceiver, testSender } from './receivers'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'

describe('a receiver that is too slow: TIMEOUT', () => {
  it('never answers', async () => {
    const receiver = await tcpReceiver()
    expect(await testSender({ timeoutMs: SHORT_MS }).post(receiver.url)).toMatchObject({
      error: 'TIMEOUT',
      status: null,
      responseBody: null,
      truncated: false,
      sentAt: expect.any(Date),
    })
  })

  it('sends its head byte by byte', async () => {
    const receiver = await tcpReceiver((socket) => drip(socket, `${HEAD}Content-Length: 0\r\n\r\n`.repeat(9)))
    expect(await testSender({ timeoutMs: SHORT_MS }).post(receiver.url)).toMatchObject({
      error: 'TIMEOUT',
      status: null,
      responseBody: null,
    })
  })

  it('sends informational answers without end', async () => {
    const receiver = await tcpReceiver((socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n', 27))
    expect(await testSender({ timeoutMs: SHORT_MS }).post(receiver.url)).toMatchObject({ error: 'TIMEOUT' })
  })

  it('does not read the request', async () => {
    const receiver = await tcpReceiver((socket) => socket.pause())
    const body = Buffer.alloc(32 * 1024 * 1024, 'a')
    const request = { target: receiver.url, body, headers: {}, verifyTls: true }
    expect(await testSender({ timeoutMs: SHORT_MS }).send(request)).toMatchObject({ error: 'TIMEOUT' })
  })

  it.each([
    [410, 'HTTP_STATUS'],
    [500, 'HTTP_STATUS'],
    [302, 'REDIRECT'],
  ])('has answered %d before its slow body: the status is the result', async (status, error) => {
    const receiver = await tcpReceiver((socket) => {
      socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 9999\r\n\r\ngone`)
    })
    expect(await testSender({ timeoutMs: SHORT_MS }).post(receiver.url)).toMatchObject({
      status,
      error,
      responseBody: 'gone',
      truncated: true,
    })
  })

  it('loses its connection, and the next send opens another one', async () => {
    let slow = true
    const receiver = await httpReceiver((_, response) => {
      if (!slow) response.end()
      slow = false
    })
    const sender = testSender({ timeoutMs: SHORT_MS })
    expect(await sender.post(receiver.url)).toMatchObject({ error: 'TIMEOUT' })

    await ended(receiver.connections[0])
    expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(2)
  })
})

describe('a connection that breaks: CONNECTION', () => {
  it('is refused, and nothing was sent', async () => {
    expect(await testSender().post(`http://127.0.0.1:${await closedPort()}`)).toMatchObject({
      error: 'CONNECTION',
      status: null,
      responseBody: null,
      sentAt: null,
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it.each([
    ['is closed before the answer', (socket: { end(): unknown }) => socket.end()],
    ['is reset before the answer', (socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy()],
  ])('%s: the request may have arrived, so it is not sent again', async (_, act) => {
    const receiver = await tcpReceiver(act)
    expect(await testSender().post(receiver.url)).toMatchObject({
      error: 'CONNECTION',
      status: null,
      sentAt: expect.any(Date),
    })
    expect(receiver.connections).toHaveLength(1)
  })

  it('breaks in the body of a 410: the status is the result', async () => {
    const receiver = await tcpReceiver((socket) =>
      socket.end('HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\ngone'),
    )
    expect(await testSender().post(receiver.url)).toMatchObject({
      error: 'HTTP_STATUS',
      status: 410,
      responseBody: 'gone',
      truncated: true,
    })
  })

  it.each([
    ['bytes that are not HTTP', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
    ['an invalid status', 'HTTP/1.1 abc OK\r\n\r\n'],
    [
      'an upgrade that was not requested',
      'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['one huge header', `${HEAD}X-Huge: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['a huge number of headers', `${HEAD}${'X-Many: a\r\n'.repeat(10_000)}\r\n`],
  ])('brings %s', async (_, answer) => {
    const receiver = await tcpReceiver((socket) => socket.end(answer))
    expect(await testSender().post(receiver.url)).toMatchObject({
      error: 'CONNECTION',
      sentAt: expect.any(Date),
    })
  })

  it('brings headers that never end', async () => {
    const receiver = await tcpReceiver((socket) => {
      socket.write(HEAD)
      flood(socket, Buffer.from('X-Many: aaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)))
    })
    expect(await testSender().post(receiver.url)).toMatchObject({ error: 'CONNECTION' })
  })
})
