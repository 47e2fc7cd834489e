import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDnsServer } from '../../../support/dns-server'
import { startYardstick } from '../../processes'
import type { Teardown } from '../../teardown'

/** The name of the healthy receiver, which the name server knows. */
export const HEALTHY_NAME = 'healthy.test'

const HANGING = 30
const ON_DEAD_HOST = 30
const UNRESOLVED = 10
/** Linux serves all of 127.0.0.0/8: each receiver that hangs is a host of its own, and so is the dead one. */
const hangingHost = (number: number) => `127.0.1.${number + 1}`
const DEAD_HOST = '127.0.2.1'
const CONNECT_WITHIN_MS = 300
/** A full backlog takes two connections; more than this would mean that it never is full. */
const BACKLOG_MAX = 20

export interface Neighbours {
  /** one for each bad endpoint */
  targets: string[]
  /** for HOOKGATE_DNS_SERVERS: answers for the healthy name, and is silent about all others */
  nameServer: string
}

/** Starts receivers that accept and never answer, a host that takes no connection, and a name server that keeps silent. */
export async function startNeighbours(teardown: Teardown): Promise<Neighbours> {
  const names = await startDnsServer((name) => (name === HEALTHY_NAME ? ['127.0.0.1'] : 'silent'))
  names.ttlSeconds = 60
  teardown.add(() => names.close())
  const hanging = Array.from({ length: HANGING }, (_, number) => startHanging(hangingHost(number), teardown))
  const deadPort = await startDeadHost(teardown)
  const list = (length: number, target: (number: number) => string) =>
    Array.from({ length }, (_, number) => target(number))
  return {
    targets: [
      ...(await Promise.all(hanging)),
      ...list(ON_DEAD_HOST, (number) => `http://${DEAD_HOST}:${deadPort}/hook/${number}`),
      ...list(UNRESOLVED, (number) => `http://silent-${number}.test/hook`),
    ],
    nameServer: names.address,
  }
}

async function startHanging(host: string, teardown: Teardown): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    // The sender resets the connection at its time limit.
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.resume()
  })
  teardown.add(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, host)
  await once(server, 'listening')
  return `http://${host}:${(server.address() as AddressInfo).port}/hook`
}

/**
 * A listener that is stopped and whose backlog is full: the kernel drops every further connection request, as the network
 * in front of a dead host does. Returns its port.
 */
async function startDeadHost(teardown: Teardown): Promise<number> {
  const listener = await startYardstick('full-listener', { HOST: DEAD_HOST }, teardown)
  const port = Number(new URL(listener.url).port)
  listener.process.kill('SIGSTOP')
  teardown.add(() => listener.process.kill('SIGKILL'))
  for (let taken = 0; taken < BACKLOG_MAX; taken += 1) {
    const socket = connect({ host: DEAD_HOST, port })
    socket.on('error', () => undefined)
    teardown.add(() => socket.destroy())
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      sleep(CONNECT_WITHIN_MS).then(() => false),
    ])
    if (!isTaken) return port
  }
  throw new Error('The dead host takes every connection')
}
