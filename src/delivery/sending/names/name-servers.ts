import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { NoNameServerError } from './name-errors'

export interface FoundAddresses {
  addresses: LookupAddress[]
  /** how long the answer is good for */
  ttlMs: number
}

/** The first wait for one server's answer; c-ares doubles it for each further round. */
const ROUND_MS = 1_000
const ROUNDS = 4
/** How long to wait for the IPv6 addresses once those of IPv4 are known (RFC 8305, 3, has the figure). */
const IPV6_GRACE_MS = 50

/** Codes of c-ares that no server has sent: there was no answer. */
const NO_ANSWER = /^(ETIMEOUT|ECONNREFUSED)$/

/** Codes that say that a name has no address. */
const NO_ADDRESS = /^(ENOTFOUND|ENODATA)$/

const codeOf = (error: unknown) => String((error as NodeJS.ErrnoException).code)

/** Asks name servers for addresses, through c-ares: no thread is held while a server is silent. */
export class NameServers {
  readonly #resolver: Resolver
  /** when any server last answered anything */
  #answeredAt = Number.NEGATIVE_INFINITY
  #probe: Promise<boolean> | undefined

  /**
   * @param servers `address` or `address:port`; undefined = those of the system
   * @param timeoutMs for all servers and tries of one name together
   */
  constructor(
    servers: string[] | undefined,
    private readonly timeoutMs: number,
  ) {
    this.#resolver = new Resolver({ timeout: Math.min(ROUND_MS, Math.ceil(timeoutMs / 4)), tries: ROUNDS })
    if (servers !== undefined) this.#resolver.setServers(servers)
  }

  /**
   * The addresses of the first of several names that has any, IPv4 first: a broken IPv6 path costs time, and hardly a receiver has
   * IPv6 alone.
   *
   * @throws NoNameServerError, or an error of c-ares
   */
  async find(names: string[]): Promise<FoundAddresses> {
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timeout()), this.timeoutMs)
    })
    try {
      return await Promise.race([this.#findFirst(names), late])
    } catch (error) {
      if (NO_ANSWER.test(codeOf(error)) && !(await this.#isAnswering(startedAt)))
        throw new NoNameServerError('No name server of the gateway answers', { cause: error })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #findFirst(names: string[]): Promise<FoundAddresses> {
    let notFound: unknown
    for (const name of names) {
      try {
        return await this.#ask(name)
      } catch (error) {
        if (!NO_ADDRESS.test(codeOf(error))) throw error
        // The code of the name as it was given is the one to report.
        notFound ??= error
      }
    }
    throw notFound
  }

  async #ask(name: string): Promise<FoundAddresses> {
    const v4 = this.#records(4, this.#resolver.resolve4(name, { ttl: true }))
    const v6 = this.#records(6, this.#resolver.resolve6(name, { ttl: true }))
    const found4 = await v4
    // Some servers do not answer queries for IPv6.
    const grace = sleep(IPV6_GRACE_MS, { records: [] }, { ref: false })
    const found6 = found4.records.length > 0 ? await Promise.race([v6, grace]) : await v6
    const records = [...found4.records, ...found6.records]
    if (records.length === 0) throw found4.error
    return {
      addresses: records.map(({ address, family }): LookupAddress => ({ address, family })),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1_000,
    }
  }

  async #records(family: number, query: Promise<{ address: string; ttl: number }[]>) {
    try {
      return { records: (await this.#answered(query)).map((record) => ({ ...record, family })) }
    } catch (error) {
      return { records: [], error }
    }
  }

  /** Whether a server has answered anything since then. Otherwise sends a query about the root zone, which every server knows. */
  async #isAnswering(since: number): Promise<boolean> {
    if (this.#answeredAt >= since) return true
    this.#probe ??= this.#askRoot().finally(() => {
      this.#probe = undefined
    })
    return this.#probe
  }

  async #askRoot(): Promise<boolean> {
    const startedAt = performance.now()
    const root = this.#answered(this.#resolver.resolveNs('.')).catch(() => undefined)
    await Promise.race([root, sleep(this.timeoutMs / 2, undefined, { ref: false })])
    return this.#answeredAt >= startedAt
  }

  async #answered<T>(query: Promise<T>): Promise<T> {
    try {
      const answer = await query
      this.#answeredAt = performance.now()
      return answer
    } catch (error) {
      if (!NO_ANSWER.test(codeOf(error))) this.#answeredAt = performance.now()
      throw error
    }
  }
}

const timeout = () => Object.assign(new Error('No name server answered in time'), { code: 'ETIMEOUT' })
