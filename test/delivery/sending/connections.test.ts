import { EventEmitter } from 'node:events'
import { type Connection, Connections } from '../../../src/delivery/sending/connections'
import { ended, httpReceiver, tcpReceiver, testSender } from './receivers'

describe('connections', () => {
  it('serve one send after another', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const sender = testSender()
    for (let i = 0; i < 5; i++)
      expect(await sender.post(`${receiver.url}/${i}`)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(1)
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

  it('that the receiver closes on the next request fail that send: it may have arrived, and is not repeated', async () => {
    let requests = 0
    const receiver = await httpReceiver(({ socket }, response) => {
      requests += 1
      if (requests === 1) response.end('ok')
      else socket.destroy()
    })
    const sender = testSender()
    expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(await sender.post(receiver.url)).toMatchObject({ error: 'CONNECTION', sentAt: expect.any(Date) })
    expect(requests).toBe(2)
    expect(receiver.connections).toHaveLength(1)
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

describe('a connection', () => {
  const ORIGIN = 'http://hooks.example.test'

  /** Counts connections as they open and end, without a network. */
  function countConnections() {
    const open = new Set<Connection>()
    const counts = { opened: 0 }
    const connections = new Connections(() => {
      const client = Object.assign(new EventEmitter(), { stats: { connected: true } })
      const connection = {
        client: client as unknown as Connection['client'],
        end: async () => {
          open.delete(connection)
        },
      }
      open.add(connection)
      counts.opened += 1
      return connection
    })
    const use = (act: (client: Connection['client']) => unknown = () => undefined, isReusable = true) =>
      connections.use(ORIGIN, undefined, async (client) => ({ result: await act(client), isReusable }))
    return { counts, open, use }
  }

  it('ends when its work fails', async () => {
    const { open, use } = countConnections()
    const fail = () => Promise.reject(new Error('no'))
    await expect(use(fail)).rejects.toThrow('no')
    expect(open.size).toBe(0)
    await use()
    expect(open.size).toBe(1)
  })

  it('ends when it cannot serve another request: its response was not read, or the receiver has closed it', async () => {
    const { open, use } = countConnections()
    await use(() => undefined, false)
    expect(open.size).toBe(0)
    await use((client) => Object.assign(client.stats, { connected: false }))
    expect(open.size).toBe(0)
  })

  it('that is idle ends when the receiver closes it, and the next request opens another one', async () => {
    const { counts, open, use } = countConnections()
    let last: Connection['client'] | undefined
    await use((client) => {
      last = client
    })
    last?.emit('disconnect', new URL(ORIGIN), [], new Error('closed') as never)
    expect(open.size).toBe(0)
    await use()
    expect(counts.opened).toBe(2)
  })
})
