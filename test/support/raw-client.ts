import { createConnection, type Socket } from 'node:net'
import { atEnd } from './leftovers'

/** A connection on which a test writes bytes. */
export interface RawClient {
  socket: Socket
  /** what has come so far; nothing before `read` is called */
  received(): string
  /** Starts to read. */
  read(): void
  /** Resolves when the connection has ended, in any way. */
  closed: Promise<void>
}

/** Connects to a gateway and reads nothing until `read` is called. */
export function connectRaw(gatewayUrl: string): RawClient {
  const { hostname, port } = new URL(gatewayUrl)
  const socket = createConnection(Number(port), hostname)
  socket.pause()
  let received = ''
  // A connection that is reset has ended as well.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.once(
    'close',
    atEnd(() => socket.destroy()),
  )
  return {
    socket,
    received: () => received,
    closed,
    read() {
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.resume()
    },
  }
}

/** The head of a POST with JSON. */
export const postHead = (path: string, headers: string[] = []): string =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', ...headers, '', ''].join(
    '\r\n',
  )

/** A whole POST with a body. */
export const post = (path: string, body: string, headers: string[] = []): string =>
  postHead(path, [...headers, `Content-Length: ${Buffer.byteLength(body)}`]) + body
