import type { Socket } from 'node:net'
import { type buildConnector, Client } from 'undici'
import type { Connection } from './connections'
import { NotAllowedError } from './send-errors'
import type { WritePermit } from './send-request'

/** @param connect guarded: it connects to allowed addresses only */
export function openConnection(origin: string, connect: buildConnector.connector): Connection {
  let socket: Socket | undefined
  const client = new Client(origin, {
    ...KEEP_ALIVE,
    ...NO_TIMEOUTS,
    connect(target, callback) {
      // undici's connectors return their socket, though their type does not say so. The socket is ended here because a destroyed
      // client lets a connecting socket continue, and the socket's own `signal` option leaks a listener per socket.
      socket = connect(target, onceAllowed(connection.permit, callback)) as unknown as Socket | undefined
    },
  })
  const connection: Connection = {
    client,

    async end() {
      const ended = client.destroy()
      socket?.destroy()
      await ended
    },
  }
  return connection
}

/** Passes a new connection to the client only when its request is allowed, because the client writes the request at once. */
function onceAllowed(
  permit: WritePermit | undefined,
  callback: buildConnector.Callback,
): buildConnector.Callback {
  if (permit === undefined) return callback
  permit.onConnecting()
  return async (...connected) => {
    const [error, socket] = connected
    if (error !== null) return callback(...connected)
    const isAllowed = await permit.check()
    if (isAllowed && !socket.destroyed) return callback(null, socket)
    socket.destroy()
    callback(
      isAllowed ? new Error('The connection was closed as soon as it was open') : new NotAllowedError(),
      null,
    )
  }
}

/**
 * How long an idle connection is kept: 4 s, or the time in the receiver's Keep-Alive header less 2 s, 30 s at most. A receiver
 * that closes a connection while the next request is on its way costs a try: the request may have arrived, so the sender must
 * not repeat it. Most servers wait 5 s or longer.
 */
const KEEP_ALIVE = { keepAliveTimeout: 4_000, keepAliveTimeoutThreshold: 2_000, keepAliveMaxTimeout: 30_000 }

/** The exchange has its own deadline. undici's timeouts would start again with every byte. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 }
