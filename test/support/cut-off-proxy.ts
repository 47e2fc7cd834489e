import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { atEnd } from './leftovers'

/** A TCP proxy that a test can cut or stall: for a database that goes away and comes back. */
export interface CutOffProxy {
  /** the URL of the database through the proxy */
  url: string
  /** Breaks every connection and refuses new ones. */
  cut(): void
  restore(): void
  /**
   * Nothing passes any more, in either direction: no bytes, no end of a connection, no new connection. As when a cable
   * is pulled.
   */
  stall(): void
  /**
   * Ends a stall. `late`: bytes that were sent meanwhile arrive now, as TCP repeats them. `forgotten`: connections from
   * before the stall stay silent, as behind a router that has dropped them; new ones work.
   */
  heal(how: 'late' | 'forgotten'): void
  close(): void
}

/** The sender of a chunk that passes through the proxy. */
export type Speaker = 'client' | 'database'

export interface CutOffProxyOptions {
  /** Called with each chunk before it passes; a stall starts when it returns true. */
  stallBefore?: (chunk: Buffer, speaker: Speaker) => boolean
}

/** A connection of a client, and the connection to the database that belongs to it. */
class Link {
  readonly #client: Socket
  readonly #upstream: Socket
  #flows = false
  /** events of a stall, to be passed to the other side at its end */
  #delayed: (() => void)[] = []

  constructor(
    client: Socket,
    connectUpstream: () => Socket,
    onChunk: (chunk: Buffer, speaker: Speaker) => void,
  ) {
    this.#client = client
    this.#upstream = connectUpstream()
    for (const [from, to] of this.#directions()) {
      from.pause()
      from.on('data', (chunk) => {
        onChunk(chunk, from === client ? 'client' : 'database')
        this.#pass(() => to.write(chunk))
      })
      from.on('end', () => this.#pass(() => to.end()))
      from.on('error', () => this.#pass(() => to.destroy()))
      from.on('close', () => this.#pass(() => to.destroy()))
    }
  }

  flow(): void {
    this.#flows = true
    for (const pass of this.#delayed.splice(0)) pass()
    for (const [from] of this.#directions()) from.resume()
  }

  stall(): void {
    this.#flows = false
    for (const [from] of this.#directions()) from.pause()
  }

  destroy(): void {
    for (const [from] of this.#directions()) from.destroy()
  }

  get isOver(): boolean {
    return this.#client.destroyed && this.#upstream.destroyed
  }

  #directions(): [Socket, Socket][] {
    return [
      [this.#client, this.#upstream],
      [this.#upstream, this.#client],
    ]
  }

  #pass(act: () => void): void {
    if (this.#flows) act()
    else this.#delayed.push(act)
  }
}

/** @param databaseUrl where its connections lead */
export async function startCutOffProxy(
  databaseUrl: string | undefined,
  { stallBefore = () => false }: CutOffProxyOptions = {},
): Promise<CutOffProxy> {
  const url = new URL(databaseUrl ?? '')
  const database = { host: url.hostname, port: Number(url.port || 5432) }
  let links: Link[] = []
  let isWhole = true
  let isStalled = false
  const server = createServer((client) => {
    if (!isWhole) return client.destroy()
    links = links.filter((link) => !link.isOver)
    const link = new Link(
      client,
      () => connect(database),
      (chunk, speaker) => {
        if (!isStalled && stallBefore(chunk, speaker)) proxy.stall()
      },
    )
    links.push(link)
    if (!isStalled) link.flow()
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const proxy: CutOffProxy = {
    url: url.href,
    cut() {
      isWhole = false
      for (const link of links.splice(0)) link.destroy()
    },
    restore() {
      isWhole = true
    },
    stall() {
      isStalled = true
      for (const link of links) link.stall()
    },
    heal(how) {
      isStalled = false
      if (how === 'late') for (const link of links) link.flow()
    },
    close() {
      cancelCleanUp()
      proxy.cut()
      server.close()
    },
  }
  const cancelCleanUp = atEnd(proxy.close)
  return proxy
}
