import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { atEnd } from './leftovers'

/** A webhook as it arrived, byte for byte. */
export interface Received {
  /** when its last byte was read: Date.now() */
  at: number
  path: string
  headers: IncomingHttpHeaders & Record<string, string>
  body: string
  /** of the body */
  eventId: number
  /** the `webhook-id` header */
  id: string
}

/** The answer of a receiver: a status, a status with details, or no answer at all. */
export type Answer =
  | number
  | { status: number; headers?: Record<string, string>; body?: string; afterMs?: number }
  | 'never'

/** A local HTTP receiver that keeps the webhooks that arrive. */
export interface TestReceiver {
  /** `http://127.0.0.1:<port>/hook` */
  url: string
  port: number
  received: Received[]
  /** requests without an answer yet */
  open(): number
  /** open connections; a closed one has delivered everything that was sent on it */
  connections(): number
  /** the most requests that were open at once */
  peak(): number
  /** the answer to later requests; `nth` counts the requests, from 1. Default: 204 */
  answer: (request: Received, nth: number) => Answer
  /** Event ids in the order of arrival. */
  eventIds(): number[]
  /** Breaks every connection and accepts new ones. */
  dropConnections(): void
  close(): Promise<void>
}

export async function startReceiver(answer: TestReceiver['answer'] = () => 204): Promise<TestReceiver> {
  const sockets = new Set<Socket>()
  const received: Received[] = []
  let open = 0
  let peak = 0
  const server = createServer(async (request, response) => {
    open += 1
    peak = Math.max(peak, open)
    response.once('close', () => {
      open -= 1
    })
    const webhook = await read(request)
    if (webhook === undefined) return
    received.push(webhook)
    await respond(response, receiver.answer(webhook, received.length))
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  // Node's own 5 s end a connection just when a sender, by its 4 s and a busy machine, uses it again.
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const receiver: TestReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    open: () => open,
    connections: () => sockets.size,
    peak: () => peak,
    answer,
    eventIds: () => received.map(({ eventId }) => eventId),
    dropConnections() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      cancelCleanUp()
      receiver.dropConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const cancelCleanUp = atEnd(receiver.close)
  return receiver
}

/** @returns undefined when the connection broke */
async function read(request: IncomingMessage): Promise<Received | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  const body = Buffer.concat(chunks).toString('utf8')
  return {
    at: Date.now(),
    path: request.url ?? '',
    headers: request.headers as Received['headers'],
    body,
    eventId: JSON.parse(body).event_id,
    id: String(request.headers['webhook-id']),
  }
}

async function respond(response: ServerResponse, answer: Answer): Promise<void> {
  if (answer === 'never') return
  const {
    status,
    headers = {},
    body = '',
    afterMs = 0,
  } = typeof answer === 'number' ? { status: answer } : answer
  if (afterMs > 0) await sleep(afterMs)
  response.writeHead(status, headers).end(body)
}
