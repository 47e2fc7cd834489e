import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OpenConnections } from '../../../src/http/connections/open-connections'

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x')

const servers: Server[] = []
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(answer: RequestListener, { max = 100, silenceMaxMs = 60_000 } = {}) {
  const lines: unknown[] = []
  const server = createServer(answer)
  servers.push(server)
  const connections = new OpenConnections(
    { warn: (line: unknown) => lines.push(line) } as never,
    max,
    silenceMaxMs,
  )
  connections.watch(server)
  connections.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, lines, port: (server.address() as AddressInfo).port }
}

/** A connection that is open at the server. */
async function connect({ server, port }: { server: Server; port: number }) {
  const accepted = once(server, 'connection')
  const socket = createConnection(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await accepted
  return { socket, closed }
}

/** Sends a request and returns the first piece of its answer; undefined = the connection ended without one. */
async function request({ socket, closed }: Awaited<ReturnType<typeof connect>>): Promise<string | undefined> {
  socket.write(REQUEST)
  const first = await Promise.race([once(socket, 'data'), closed.then(() => undefined)])
  return first && String(first[0])
}

describe('above the limit of connections', () => {
  it('the one that has been idle the longest makes place, so that new clients are served', async () => {
    const server = await serve((_request, response) => response.end('hello'), { max: 3 })
    const [first, second, third] = [await connect(server), await connect(server), await connect(server)]
    // The first one is no longer the longest idle.
    expect(await request(first)).toMatch(/hello/)
    const fourth = await connect(server)
    await second.closed
    expect(await request(fourth)).toMatch(/hello/)
    expect(await request(first)).toMatch(/hello/)
    expect(await request(third)).toMatch(/hello/)
  })

  it('one with half a request makes place too', async () => {
    const server = await serve((_request, response) => response.end('hello'), { max: 1 })
    const slow = await connect(server)
    slow.socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf')
    const fast = await connect(server)
    await slow.closed
    expect(await request(fast)).toMatch(/hello/)
  })

  it('one whose request is being handled stays, and the new one ends', async () => {
    let answer: (() => void) | undefined
    const server = await serve(
      (_request, response) => {
        answer = () => response.end('at last')
      },
      { max: 1 },
    )
    const busy = await connect(server)
    const answered = request(busy)
    while (answer === undefined) await sleep(5)
    await (await connect(server)).closed
    answer()
    expect(await answered).toMatch(/at last/)
  })
})

describe('a client that is silent for too long loses its connection', () => {
  const options = { silenceMaxMs: 500 }

  it('when it has not read its answer', async () => {
    const server = await serve((_request, response) => response.end(LARGE), options)
    const { socket } = await connect(server)
    const ended = once(server.server, 'request').then(([, response]) => once(response, 'close'))
    socket.pause()
    socket.write(REQUEST)
    await ended
  })

  it('when it sends nothing', async () => {
    const server = await serve((_request, response) => response.end('hello'), options)
    await (await connect(server)).closed
  })

  it('but not while the gateway works on its request', async () => {
    const server = await serve(
      (_request, response) => void setTimeout(() => response.end('late'), 1_600),
      options,
    )
    expect(await request(await connect(server))).toMatch(/late/)
  })

  it('but not while it reads, however slowly', async () => {
    const server = await serve((_request, response) => response.end(LARGE), { silenceMaxMs: 1_000 })
    const { socket } = await connect(server)
    socket.write(REQUEST)
    let length = 0
    for await (const chunk of socket) {
      length += chunk.length
      // Much slower than the server writes.
      if (length % 16 === 0) await sleep(2)
      if (length > LARGE.length) break
    }
    expect(length).toBeGreaterThan(LARGE.length)
  })
})

describe('requests of one connection', () => {
  it('are handled in turn: the next one when the answer before it is written', async () => {
    const answers: (() => void)[] = []
    const server = await serve((_request, response) => void answers.push(() => response.end('hello')))
    const { socket } = await connect(server)
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.write(REQUEST.repeat(3))
    for (const count of [1, 2, 3]) {
      while (answers.length < count) await sleep(5)
      await sleep(20)
      expect(answers).toHaveLength(count)
      answers.at(-1)?.()
    }
    while (received.split('hello').length < 4) await sleep(5)
  })

  it('take turns with those of other connections', async () => {
    const handled: (string | undefined)[] = []
    const server = await serve(({ url }, response) => {
      handled.push(url)
      response.end('hello')
    })
    const [many, one] = [await connect(server), await connect(server)]
    many.socket.write(REQUEST.repeat(32))
    one.socket.write(REQUEST.replace('GET /', 'GET /other'))
    await once(one.socket, 'data')
    expect(handled).toContain('/other')
    expect(handled.length).toBeLessThan(32)
  })

  it('end with the connection when there are more than 32 without an answer', async () => {
    let handled = 0
    const server = await serve(() => {
      handled += 1
    })
    const { socket, closed } = await connect(server)
    socket.write(REQUEST.repeat(33))
    await closed
    expect(handled).toBe(1)
  })
})

it('errors of accepting end nothing, and are logged once in a while', async () => {
  const { server, lines } = await serve((_request, response) => response.end('hello'))
  for (let nth = 0; nth < 1_000; nth += 1) {
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  }
  expect(lines).toHaveLength(1)
})
