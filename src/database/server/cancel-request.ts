import { connect } from 'node:net'

/**
 * Asks a server to end the statement of a connection, by a connection of its own, which a server takes without encryption
 * (PostgreSQL's documentation, 55.2.8). Whether the server does is not answered.
 *
 * @param backend the process and the secret that the server has sent when the connection was opened
 * @returns whether the server has taken the request: it then closes the connection. False = the server is silent or gone
 */
export function cancelStatement(
  { host, port }: { host: string; port: number },
  backend: { processID: number; secretKey: number },
  withinMs: number,
): Promise<boolean> {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(80_877_102, 4)
  message.writeInt32BE(backend.processID, 8)
  message.writeInt32BE(backend.secretKey, 12)
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.unref()
  socket.write(message)
  return new Promise((resolve) => {
    const end = (isTaken: boolean) => {
      socket.destroy()
      resolve(isTaken)
    }
    socket.on('error', () => end(false))
    socket.on('end', () => end(true))
    socket.setTimeout(withinMs, () => end(false))
    // Without a reader the end of the connection is not noticed.
    socket.resume()
  })
}
