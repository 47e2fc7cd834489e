import { EventEmitter } from 'node:events'
import { type Connection, Connections } from '../../../src/delivery/sending/connections'
import { stopOf } from '../../../src/delivery/sending/stop-signal'
import { ended, httpReceiver, tcpReceiver, testSender } from './receivers'

describe('connections', () => {
  it('are used again by sends that follow each other', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const sender = testSender()
    for (let i = 0; i < 5; i++)
      expect(await sender.post(`${receiver.url}/${i}`)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(1)
  })

  it('are not kept where the receiver says that it will close them', async () => {
    const receiver = await httpReceiver((_, response) =>
      response.setHeader('Keep-Alive', 'timeout=1').end('ok'),
    )
    const sender = testSender()
    for (let i = 0; i < 3; i++) expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    expect(receiver.connections).toHaveLength(3)
  })

  it('that the receiver has closed meanwhile are made anew', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'))
    const sender = testSender()
    for (let i = 0; i < 3; i++) {
      expect(await sender.post(receiver.url)).toMatchObject({ error: null })
      receiver.connections[i]?.end()
      await ended(receiver.connections[i])
    }
    expect(receiver.connections).toHaveLength(3)
  })

  it('that the receiver closes on the next request cost that send: it may have arrived, and is not repeated', async () => {
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

  it('whose answer was cut off are not used again', async () => {
    const receiver = await httpReceiver((_, response) => response.end(Buffer.alloc(1024 * 1024)))
    const sender = testSender()
    for (let i = 0; i < 2; i++)
      expect(await sender.post(receiver.url)).toMatchObject({ truncated: true, error: null })
    expect(receiver.connections).toHaveLength(2)
  })

  it('of one origin are limited; the other sends wait for their turn, which is not held against them', async () => {
    let most = 0
    let atWork = 0
    const receiver = await httpReceiver((_, response) => {
      atWork += 1
      most = Math.max(most, atWork)
      setTimeout(() => {
        atWork -= 1
        response.end()
      }, 150)
    })
    const sender = testSender({ connectionsPerOrigin: 2, timeoutMs: 1_000 })
    const outcomes = await Promise.all(Array.from({ length: 24 }, () => sender.post(receiver.url)))
    expect(outcomes.filter(({ error }) => error !== null)).toEqual([])
    expect(most).toBe(2)
    expect(receiver.connections).toHaveLength(2)
  })

  it('of another origin are not held up by one that hangs', async () => {
    const hanging = await tcpReceiver()
    const receiver = await httpReceiver((_, response) => response.end())
    const sender = testSender({ connectionsPerOrigin: 1 })
    const stuck = [sender.post(hanging.url), sender.post(hanging.url)]
    expect(await sender.post(receiver.url)).toMatchObject({ error: null })
    await sender.close()
    expect(await Promise.all(stuck)).toMatchObject([{ error: 'ABORTED' }, { error: 'ABORTED', sentAt: null }])
  })
})

describe('the turns at an origin', () => {
  const ORIGIN = 'http://hooks.example.test'

  /** Counts what is opened and ended, with no network. */
  function counted(limit: number) {
    const open = new Set<Connection>()
    const counts = { opened: 0, most: 0 }
    const connections = new Connections(limit, () => {
      const client = Object.assign(new EventEmitter(), { stats: { connected: true } })
      const connection = {
        client: client as unknown as Connection['client'],
        end: async () => {
          open.delete(connection)
        },
      }
      open.add(connection)
      counts.opened += 1
      counts.most = Math.max(counts.most, open.size)
      return connection
    })
    const use = (act: (client: Connection['client']) => unknown = () => undefined, isOver = true) =>
      connections.use(ORIGIN, { stop: stopOf([]) }, async (client) => ({
        outcome: await act(client),
        isOver,
      }))
    return { connections, counts, open, use }
  }

  it('are never more than the limit, whoever comes while others leave', async () => {
    const { counts, use } = counted(3)
    let atWork = 0
    let most = 0
    const work = async () => {
      atWork += 1
      most = Math.max(most, atWork)
      await new Promise(setImmediate)
      atWork -= 1
    }
    const comers = Array.from({ length: 20 }, async (_, i) => {
      for (let n = 0; n < 10; n++) {
        await use(work, (i + n) % 2 === 0)
        if (n % 3 === 0) await new Promise(setImmediate)
      }
    })
    await Promise.all(comers)
    expect(most).toBe(3)
    expect(counts.most).toBe(3)
  })

  it('are given in the order of asking', async () => {
    const { use } = counted(1)
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((n) => use(() => order.push(n))))
    expect(order).toEqual([1, 2, 3, 4])
  })

  it('are given back by work that fails, whose connection ends', async () => {
    const { open, use } = counted(1)
    const fail = () => Promise.reject(new Error('no'))
    await expect(use(fail)).rejects.toThrow('no')
    expect(open.size).toBe(0)
    await use()
    expect(open.size).toBe(1)
  })

  it('end a connection that nobody may use again: not over, or closed by the receiver', async () => {
    const { open, use } = counted(1)
    await use(() => undefined, false)
    expect(open.size).toBe(0)
    await use((client) => Object.assign(client.stats, { connected: false }))
    expect(open.size).toBe(0)
  })

  it('end an idle connection that is closed', async () => {
    const { counts, open, use } = counted(1)
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
