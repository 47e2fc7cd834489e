import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { thirdOfDescriptors } from '../../descriptors'

type Server = FastifyInstance['server']
type IncomingMessage = FastifyRequest['raw']
type ServerResponse = FastifyReply['raw']

/** The most connections of clients of one process. */
const CONNECTIONS_MAX = 1_000

/** A client may be silent for this long: while its request arrives, and while it has not read the answer. */
const SILENCE_MAX_MS = 30_000
/** The time limits of Node for requests. Of the two, the smaller one holds for the headers. */
export const HEADERS_WITHIN_MS = 15_000
export const REQUEST_WITHIN_MS = 30_000
/** Node looks for late requests this often. */
export const CHECK_EVERY_MS = 5_000

/** Requests that a client may send on one connection before it has the answer to the first. */
const AHEAD_MAX = 32

/** A log line for each error of accepting would be thousands a second. */
const ERROR_LOG_EVERY_MS = 10_000

interface Connection {
  /** requests without a complete answer: more than one when the client sends the next before it has the answer */
  open: number
  latest?: { request: IncomingMessage; response: ServerResponse }
  /** place in the order of last answers; of a connection without any, in the order of arrival */
  servedAt: number
}

/**
 * The connections of clients. The gateway ends those that wait for their client for too long, and keeps their number below a
 * limit: above it, the one that has waited for its client the longest makes place for the new one. So clients that hold
 * connections and do nothing never keep others out. When the gateway works on a request of every one of them, it ends the new one.
 */
export class OpenConnections {
  readonly #connections = new Map<Socket, Connection>()
  readonly #servers = new WeakSet<Server>()
  /** counts arrivals and answers */
  #moment = 0
  #errorLoggedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly max: number = Math.min(CONNECTIONS_MAX, thirdOfDescriptors()),
    private readonly silenceMaxMs: number = SILENCE_MAX_MS,
  ) {}

  /** Watches the connections of a server. A second call for one server changes nothing. */
  watch(server: Server): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    server.setTimeout(this.silenceMaxMs)
    server.on('connection', (socket: Socket) => this.#add(socket))
    const handlers = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#inTurn(request, response, () => {
        for (const handle of handlers) handle.call(server, request, response)
      })
    })
    server.on('timeout', (socket: Socket) => {
      if (this.#isAtWork(socket)) socket.setTimeout(this.silenceMaxMs)
      else socket.destroy()
    })
    // Such as EMFILE: no descriptor is left to accept with. The process continues.
    server.on('error', (err) => {
      if (server.listening) this.#logError(err)
    })
  }

  #add(socket: Socket): void {
    if (this.#connections.size >= this.max) {
      const waiting = this.#longestWaiting()
      if (waiting === undefined) {
        socket.destroy()
        return
      }
      this.#connections.delete(waiting)
      waiting.destroy()
    }
    this.#register(socket)
  }

  #register(socket: Socket): Connection {
    this.#moment += 1
    const connection = { open: 0, servedAt: this.#moment }
    this.#connections.set(socket, connection)
    socket.once('close', () => this.#connections.delete(socket))
    return connection
  }

  /**
   * Handles a request when the one before it on the same connection is answered, and other connections have had a turn. Otherwise a
   * client that sends many requests and reads no answer would have the gateway keep all of them, and one that reads keeps it from
   * everything else until the last is answered. Ends a connection with too many.
   */
  #inTurn(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const { socket } = request
    // Node parses all requests of a packet, also after the connection was ended.
    if (socket.destroyed) return
    const connection = this.#connections.get(socket) ?? this.#register(socket)
    if (connection.open === AHEAD_MAX) {
      socket.destroy()
      return
    }
    const previous = connection.open > 0 ? connection.latest : undefined
    connection.open += 1
    connection.latest = { request, response }
    response.once('close', () => {
      connection.open -= 1
      this.#moment += 1
      connection.servedAt = this.#moment
    })
    if (previous === undefined) handle()
    else previous.response.once('close', () => setImmediate(() => socket.destroyed || handle()))
  }

  #longestWaiting(): Socket | undefined {
    let longest: { socket: Socket; servedAt: number } | undefined
    for (const [socket, { servedAt }] of this.#connections) {
      if ((longest === undefined || servedAt < longest.servedAt) && !this.#isAtWork(socket)) {
        longest = { socket, servedAt }
      }
    }
    return longest?.socket
  }

  /** Whether the gateway owes the client something: it has a whole request, and the client has read all of the answer so far. */
  #isAtWork(socket: Socket): boolean {
    const connection = this.#connections.get(socket)
    return (
      connection !== undefined &&
      connection.open > 0 &&
      connection.latest?.request.complete === true &&
      socket.writableLength === 0
    )
  }

  #logError(err: Error): void {
    const now = performance.now()
    if (now - this.#errorLoggedAt < ERROR_LOG_EVERY_MS) return
    this.#errorLoggedAt = now
    this.log.warn({ err }, 'connections cannot be accepted at the moment')
  }
}
