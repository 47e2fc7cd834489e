import type { DatabaseAddress, HostAndPort, TargetSession } from './database-address'
import { type Encryption, encryptionsFor } from './tls'

/** One way to a server: where it is, whether encrypted, and what the server must be. */
export interface Route extends HostAndPort {
  encryption: Encryption
  /** `any` = no requirement */
  target: Exclude<TargetSession, 'prefer-standby'>
}

/** What a failed connection says: about the host, about this way to it, or about the user, whom no other host would let in either. */
export type Blame = 'host' | 'encryption' | 'caller'

/**
 * The ways to the servers of an address, in order. All connections of the process start with the one that worked last, and
 * take the next when it fails.
 */
export class Routes {
  readonly #routes: Route[]
  /** when a host was last found silent: milliseconds of performance.now() */
  readonly #silentAt = new WeakMap<Route, number>()
  #current = 0

  /** @throws DatabaseAddressError when a file that the address names cannot be read */
  constructor(address: DatabaseAddress) {
    const hosts = address.isBalanced ? shuffled(address.hosts) : address.hosts
    this.#routes = targetsOf(address).flatMap((target) =>
      hosts.flatMap((host) =>
        encryptionsFor(host, address).map((encryption) => ({ ...host, encryption, target })),
      ),
    )
  }

  get count(): number {
    return this.#routes.length
  }

  current(): Route {
    return this.#routes[this.#current] as Route
  }

  /** Whether any host but this route's is left to try. */
  hasOthers({ host, port }: Route): boolean {
    return this.#routes.some((other) => other.host !== host || other.port !== port)
  }

  /** The last resort is no place to stay: the next connection starts with the best again. */
  worked(route: Route): void {
    if (this.#routes[0]?.target !== route.target) this.#current = 0
  }

  /** The host of this route takes connections and does not answer on them, as a machine that is cut off. */
  silent(route: Route): void {
    this.#silentAt.set(route, performance.now())
    this.failed(route, 'host')
  }

  /** @param since performance.now() when a connection by this route was opened */
  isSilentSince(route: Route, since: number): boolean {
    return (this.#silentAt.get(route) ?? Number.NEGATIVE_INFINITY) > since
  }

  /**
   * Takes the next route, once for any number of connections that failed on this one.
   *
   * @returns whether another route may work
   */
  failed(route: Route, blame: Blame): boolean {
    const isElsewhere = (other: Route) => other.host !== route.host || other.port !== route.port
    const place = this.#routes.indexOf(route)
    const others = [...this.#routes.slice(place + 1), ...this.#routes.slice(0, place)]
    const next = others.find((other) => blame === 'encryption' || isElsewhere(other))
    if (blame === 'caller' || next === undefined) return false
    if (this.current() === route) this.#current = this.#routes.indexOf(next)
    return true
  }
}

/**
 * What the server must be, best first. Of several hosts that replace each other, the gateway needs the one that can be
 * written to; while there is none, a standby can at least be read.
 */
function targetsOf({ targetSession, hosts }: DatabaseAddress): Route['target'][] {
  if (targetSession === 'prefer-standby') return ['standby', 'any']
  return targetSession ? [targetSession] : hosts.length > 1 ? ['read-write', 'any'] : ['any']
}

function shuffled<Item>(items: Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}
