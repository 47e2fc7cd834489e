import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { SendResult } from '../../../src/delivery/sending/send-result'
import { createSender, type Sender, type SenderOptions } from '../../../src/delivery/sending/sender'

/** A receiver of any kind, closed after its test. */
export interface Receiver {
  port: number
  /** `http://127.0.0.1:<port>` */
  url: string
  /** every accepted connection, including ended ones */
  connections: Socket[]
}

/** Long enough for an answer on a busy machine. No test passes by waiting this long: Jest's timeout is shorter. */
const PATIENT_MS = 120_000
jest.setTimeout(PATIENT_MS - 5_000)

/** The deadline in tests that wait for it. */
export const SHORT_MS = 300

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(server: Server, scheme: string, host: string): Promise<Receiver> {
  const connections: Socket[] = []
  server.on('connection', (socket) => {
    connections.push(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  cleanups.push(() => {
    for (const socket of connections) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `${scheme}://127.0.0.1:${port}`, connections }
}

export const httpReceiver = (listener: RequestListener, host = '127.0.0.1') =>
  listen(createHttpServer(listener), 'http', host)

export const httpsReceiver = (certificate: ServerOptions, listener: RequestListener) =>
  listen(createHttpsServer(certificate, listener), 'https', '127.0.0.1')

/**
 * Calls `onRequest` with the socket once a request has arrived. Without `onRequest`, the receiver never answers.
 *
 * @param onConnection called with each new socket
 */
export const tcpReceiver = (
  onRequest: (socket: Socket) => unknown = () => undefined,
  onConnection: (socket: Socket) => unknown = () => undefined,
) =>
  listen(
    createTcpServer((socket) => {
      onConnection(socket)
      socket.once('data', () => onRequest(socket))
    }),
    'http',
    '127.0.0.1',
  )

/** A port on which no server listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface TestSender extends Sender {
  /** Posts `{}`. */
  post(target: string, verifyTls?: boolean): Promise<SendResult>
}

/** By default a sender may connect to 127.0.0.1 only. */
export function testSender(options: Partial<SenderOptions> = {}): TestSender {
  const sender = createSender({
    isAddressAllowed: (address) => address === '127.0.0.1',
    timeoutMs: PATIENT_MS,
    userAgent: 'Hookgate/test',
    ...options,
  })
  cleanups.push(() => sender.close())
  return {
    ...sender,
    post: (target, verifyTls = true) => sender.send({ target, body: '{}', headers: {}, verifyTls }),
  }
}

/** Resolves when the connection is closed. */
export async function ended(connection: Socket | undefined): Promise<void> {
  if (connection === undefined) throw new Error('There is no connection')
  if (!connection.closed) await once(connection, 'close')
}

/** Writes the text again and again, a few bytes at a time, until the connection closes. */
export function drip(socket: Socket, text: string, bytes = 1): void {
  let at = 0
  const timer = setInterval(() => {
    socket.write(text.slice(at, at + bytes))
    at = (at + bytes) % text.length
  }, 5)
  socket.on('close', () => clearInterval(timer))
}

/** Writes as fast as the other side reads, until the connection closes. */
export function flood(socket: Socket, piece: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', write)
  write()
}
