import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { cancelStatement } from '../../../src/database/server/cancel-request'

const BACKEND = { processID: 4711, secretKey: -7 }

/** A server that does this with each connection. */
async function serverThat(act: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(act).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

describe('the request to end a statement', () => {
  it('is taken by a server that closes the connection', async () => {
    const received: Buffer[] = []
    const { server, port } = await serverThat((socket) => {
      socket.on('data', (chunk) => {
        received.push(chunk)
        socket.end()
      })
    })
    expect(await cancelStatement({ host: '127.0.0.1', port }, BACKEND, 10_000)).toBe(true)
    const message = Buffer.concat(received)
    expect([message.length, message.readInt32BE(8), message.readInt32BE(12)]).toEqual([16, 4711, -7])
    server.close()
  })

  it('is not taken by a server that is silent', async () => {
    const sockets: Socket[] = []
    const { server, port } = await serverThat((socket) => sockets.push(socket))
    expect(await cancelStatement({ host: '127.0.0.1', port }, BACKEND, 50)).toBe(false)
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('is not taken by a server that is gone', async () => {
    const { server, port } = await serverThat(() => undefined)
    server.close()
    await once(server, 'close')
    expect(await cancelStatement({ host: '127.0.0.1', port }, BACKEND, 10_000)).toBe(false)
  })
})
