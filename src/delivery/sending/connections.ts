import type { Client } from 'undici'
import type { Departure } from './exchange'
import type { Stop } from './stop-signal'

/** A way to send one request at a time to one origin. It is made with its first request. */
export interface Connection {
  client: Client
  /** of the request that it serves now */
  departure?: Departure | undefined
  /** Breaks off whatever it is doing, be it connecting, sending or receiving. */
  end(): Promise<void>
}

/** Who asks for a connection. */
interface User {
  stop: Stop
  departure?: Departure | undefined
}

/** What is done with a connection; tells whether it may serve again. */
type Work<T> = (client: Client) => Promise<{ outcome: T; isOver: boolean }>

/**
 * What there is for one origin. `taken` are in use, or promised to whoever waited longest; with `idle` they are never
 * more than the limit, since a connection is opened only when none is idle.
 */
interface Line {
  taken: number
  idle: Connection[]
  waiting: (() => void)[]
}

/**
 * Connections by origin (scheme, host and port), a limited number of each, kept for the next one who needs them.
 *
 * Each is an undici Client of its own instead of one of a Pool: a send that is given up ends its connection, also
 * while that is being made, and a Pool would open another one for it.
 */
export class Connections {
  readonly #lines = new Map<string, Line>()
  readonly #open = new Set<Connection>()

  constructor(
    private readonly limitPerOrigin: number,
    private readonly connect: (origin: string) => Connection,
  ) {}

  /**
   * Waits for a turn, in the order of asking, and does `work` with a connection that is nobody else's meanwhile.
   * Where there is a turn at once, `work` is called before this returns.
   *
   * @param work tells whether its connection may serve again: else it is ended
   * @returns what came of the work; undefined when it was stopped, or the departure refused, before there was a turn
   */
  use<T>(origin: string, user: User, work: Work<T>): Promise<T | undefined> {
    const line = this.#lineOf(origin)
    return takeTurn(line, this.limitPerOrigin, user.stop)
      ? this.#serve(origin, line, user, work)
      : this.#serveLater(origin, line, user, work)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.end()))
    this.#open.clear()
  }

  async #serveLater<T>(origin: string, line: Line, user: User, work: Work<T>): Promise<T | undefined> {
    const { stop, departure } = user
    departure?.onWaiting()
    if (!(await waitForTurn(line, stop))) {
      this.#forgetIfEmpty(origin, line)
      return undefined
    }
    if (departure !== undefined && !(await departure.mayLeave())) {
      this.#passTurn(origin, line)
      return undefined
    }
    return this.#serve(origin, line, user, work)
  }

  async #serve<T>(origin: string, line: Line, { departure }: User, work: Work<T>): Promise<T> {
    const connection = line.idle.pop() ?? this.#connect(origin, line)
    connection.departure = departure
    let isReusable = false
    try {
      const { outcome, isOver } = await work(connection.client)
      isReusable = isOver
      return outcome
    } finally {
      connection.departure = undefined
      this.#giveBack(origin, line, connection, isReusable)
    }
  }

  #giveBack(origin: string, line: Line, connection: Connection, isReusable: boolean): void {
    // A receiver that wants no other request has closed it by now.
    if (isReusable && connection.client.stats.connected) line.idle.push(connection)
    else this.#end(connection)
    this.#passTurn(origin, line)
  }

  #passTurn(origin: string, line: Line): void {
    const next = line.waiting.shift()
    if (next) next()
    else line.taken -= 1
    this.#forgetIfEmpty(origin, line)
  }

  #lineOf(origin: string): Line {
    const line = this.#lines.get(origin) ?? { taken: 0, idle: [], waiting: [] }
    this.#lines.set(origin, line)
    return line
  }

  #connect(origin: string, line: Line): Connection {
    const connection = this.connect(origin)
    this.#open.add(connection)
    connection.client.on('disconnect', () => {
      const index = line.idle.indexOf(connection)
      if (index === -1) return
      line.idle.splice(index, 1)
      this.#end(connection)
      this.#forgetIfEmpty(origin, line)
    })
    return connection
  }

  #end(connection: Connection): void {
    this.#open.delete(connection)
    void connection.end()
  }

  #forgetIfEmpty(origin: string, line: Line): void {
    if (line.taken === 0 && line.idle.length === 0) this.#lines.delete(origin)
  }
}

function takeTurn(line: Line, limit: number, stop: Stop): boolean {
  if (stop.isStopped || line.taken >= limit) return false
  line.taken += 1
  return true
}

/** Resolves with true when there is a place in the line, with false when it is stopped first. */
function waitForTurn(line: Line, stop: Stop): Promise<boolean> {
  return new Promise((resolve) => {
    if (stop.isStopped) return resolve(false)
    const forget = stop.onStop(() => {
      forget()
      line.waiting.splice(line.waiting.indexOf(take), 1)
      resolve(false)
    })
    const take = () => {
      forget()
      resolve(true)
    }
    line.waiting.push(take)
  })
}
