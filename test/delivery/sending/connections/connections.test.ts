import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Connection } from '../../../../src/delivery/sending/connections/connection'
import { Connections } from '../../../../src/delivery/sending/connections/connections'
import { ended, httpReceiver, tcpReceiver, testSender } from '../receivers'

describe('connections', () => {
  it('serve one send after another', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const sender = testSender()
    for (let i = 0; i < 5; i++)
      expect(await sender.post(`${receiver.url}/${i}`)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(1)
  })

  it('serve the next send after a compressed body that came in one large piece', async () => {
    const body = gzipSync(randomBytes(21_600))
    const receiver = await httpReceiver((_, response) =>
      response.setHeader('Content-Encoding', 'gzip').setHeader('Content-Length', body.length).end(body),
    )
    const sender = testSender()
    for (let i = 0; i < 3; i += 1) expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(1)
  })

  it('are kept up to a limit: the one that has been idle the longest ends', async () => {
    const receivers = await Promise.all(
      Array.from({ length: 3 }, () => httpReceiver((_, response) => response.end('ok'))),
    )
    const sender = testSender({ idleConnectionsMax: 2 })
    for (const { url } of receivers) expect(await sender.post(url)).toMatchObject({ error: null })
    await ended(receivers[0]?.connections[0])
    for (const { url } of receivers.slice(1)) await sender.post(url)
    expect(receivers.slice(1).map((receiver) => receiver.connections.length)).toEqual([1, 1])
  })

  it('are not kept when the receiver announces that it will close them', async () => {
    const receiver = await httpReceiver((_, response) =>
      response.setHeader('Keep-Alive', 'timeout=1').end('ok'),
    )
    const sender = testSender()
    for (let i = 0; i < 3; i++) expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(3)
  })

  it('that the receiver has closed meanwhile are replaced', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const sender = testSender()
    for (let i = 0; i < 3; i++) {
      expect(await sender.post(receiver.url)).toMatchObject({ error: null })
      receiver.connections[i]?.end()
      await ended(receiver.connections[i])
    }
    expect(receiver.connections).toHaveLength(3)
  })

  it('whose response was cut off are not used again', async () => {
    const receiver = await httpReceiver((_, response) => response.end(Buffer.alloc(1024 * 1024)))
    const sender = testSender()
    for (let i = 0; i < 2; i++)
      expect(await sender.post(receiver.url)).toMatchObject({ truncated: true, error: null })
    expect(receiver.connections).toHaveLength(2)
  })

  it('to one origin do not delay those to another one that hangs', async () => {
    const hanging = await tcpReceiver()
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender()
    const stuck = [sender.post(hanging.url), sender.post(hanging.url)]
    expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    await sender.close()
    expect(await Promise.all(stuck)).toMatchObject([{ error: 'ABORTED' }, { error: 'ABORTED' }])
  })
})

describe('the idle connections', () => {
  const KEY = 'http://hooks.example.test'

  /** A connection without a network. */
  function fakeConnection(openedAt = performance.now()) {
    const fake = { key: KEY, isOpen: true, isKept: false, keepUntil: 0, openedAt, user: undefined, ended: 0 }
    const connection = Object.assign(fake, {
      resume() {},
      destroy() {
        fake.isOpen = false
        fake.ended += 1
      },
    })
    return connection as unknown as Connection & { ended: number }
  }

  const connections = new Connections()
  afterAll(() => connections.close())

  it('give the one that was used last, once', () => {
    const [first, second] = [fakeConnection(), fakeConnection()]
    connections.keep(first, 1_000)
    connections.keep(second, 1_000)
    expect(connections.take('http://other.example.test')).toBeUndefined()
    expect([connections.take(KEY), connections.take(KEY), connections.take(KEY)]).toEqual([
      second,
      first,
      undefined,
    ])
    expect([first.ended, second.ended, first.isKept]).toEqual([0, 0, true])
  })

  it.each<[string, number, (connection: Connection) => unknown]>([
    ['cannot be used again', 0, () => undefined],
    ['was closed by the receiver', 1_000, (connection) => connections.onClose(null, connection)],
    [
      'got bytes that answer nothing',
      1_000,
      (connection) => connections.onData(Buffer.from('x'), connection),
    ],
    ['was idle for too long', 1, () => new Promise((resolve) => setTimeout(resolve, 5))],
  ])('do not give one that %s', async (_, forMs, act) => {
    const connection = fakeConnection()
    connections.keep(connection, forMs)
    await act(connection)
    expect(connections.take(KEY)).toBeUndefined()
    expect(connection.isOpen).toBe(false)
  })

  it('do not keep an old one, so that a receiver that got another address is followed', () => {
    const connection = fakeConnection(performance.now() - 30_000)
    connections.keep(connection, 1_000)
    expect([connection.ended, connections.take(KEY)]).toEqual([1, undefined])
  })

  it('end with the sender, and none is kept afterwards', () => {
    const closed = new Connections()
    const [idle, late] = [fakeConnection(), fakeConnection()]
    closed.keep(idle, 1_000)
    closed.close()
    closed.keep(late, 1_000)
    expect([idle.isOpen, late.isOpen, closed.take(KEY)]).toEqual([false, false, undefined])
  })
})
