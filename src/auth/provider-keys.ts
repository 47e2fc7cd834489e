import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { Failure } from '../failure'
import type { ProviderKey } from './key-set'

/** The keys as an identity provider published them at one time. */
export interface KeySet {
  keys: ProviderKey[]
  /** the start of the fetch, by `performance.now()`: nobody can set this clock back */
  fetchedAt: number
}

export type KeysLog = Pick<Logger, 'warn' | 'info'>

/** A withdrawn key stays valid this long at most, in the cache of tokens as well. */
const VALID_FOR_MS = 60_000
/** From this age on, requests have the set fetched again in the background. */
const FETCH_AGAIN_AFTER_MS = 30_000
/** From this age on, requests wait for that fetch: its time is part of `VALID_FOR_MS`. */
const WAIT_AFTER_MS = 50_000
/** While the set cannot be fetched, known keys stay valid this long. */
const VALID_IN_OUTAGE_MS = 600_000
/** Between the starts of two fetches. */
const FETCH_EVERY_MS = 1_000
/** Requests that come this close together share a fetch. */
const SAME_MOMENT_MS = 100
/** Between two log lines of one outage. */
const LOG_EVERY_MS = 60_000

/** Keeps the keys of an identity provider. All requests share one fetch, and a fetch starts once a second at most. */
export class ProviderKeys {
  #set: KeySet | undefined
  #fetching: Promise<void> | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  /** the time since when the set cannot be fetched; its id is in the log and in the responses */
  #outage: { errorId: string; loggedAt: number } | undefined

  constructor(
    private readonly fetchKeys: () => Promise<ProviderKey[]>,
    private readonly log: KeysLog,
  ) {}

  /** How long tokens stay verified by this set, in milliseconds from now; not positive = verify them again. */
  static validForMs = (set: KeySet) => VALID_FOR_MS - ageOf(set)

  /**
   * The known keys, not older than the limits above.
   *
   * @throws Failure `service_unavailable`
   */
  async current(): Promise<KeySet> {
    const known = this.#set
    if (known && ageOf(known) < FETCH_AGAIN_AFTER_MS) return known
    const fetched = this.#refresh()
    // In an outage each request would wait until the fetch fails.
    if (known && ageOf(known) < (this.#outage ? VALID_IN_OUTAGE_MS : WAIT_AFTER_MS)) return known
    await fetched
    if (!this.#set || ageOf(this.#set) >= VALID_IN_OUTAGE_MS) throw this.#unavailable()
    return this.#set
  }

  /**
   * A later set than this one, for a token of an unknown key. Waits for the fetch.
   *
   * @throws Failure `service_unavailable`: nobody knows whether the key exists
   */
  async laterThan(set: KeySet): Promise<KeySet> {
    const askedAt = performance.now() - SAME_MOMENT_MS
    const isLater = () => this.#set !== undefined && this.#set !== set
    if (!isLater()) await this.#refresh()
    // A fetch that was under way may have missed a key that was published meanwhile.
    if (isLater() && (this.#set?.fetchedAt ?? 0) < askedAt) await this.#refresh()
    if (!this.#set || !isLater() || this.#set.fetchedAt < askedAt) throw this.#unavailable()
    return this.#set
  }

  /** Whether a fetch would start at once. */
  get isDue(): boolean {
    return !this.#outage && performance.now() - this.#startedAt >= FETCH_EVERY_MS
  }

  /** Never rejects. A request during a fetch shares that fetch. */
  #refresh(): Promise<void> {
    this.#fetching ??= this.#refreshInTurn().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #refreshInTurn(): Promise<void> {
    const wait = this.#startedAt + FETCH_EVERY_MS - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(wait)))
    const fetchedAt = performance.now()
    this.#startedAt = fetchedAt
    try {
      this.#set = { keys: await this.fetchKeys(), fetchedAt }
      if (this.#outage) this.log.info(this.#id(), 'the keys of the identity provider can be read again')
      this.#outage = undefined
    } catch (error) {
      this.#reportOutage(error)
    }
  }

  #reportOutage(error: unknown): void {
    const time = performance.now()
    this.#outage ??= { errorId: randomUUID(), loggedAt: Number.NEGATIVE_INFINITY }
    if (time - this.#outage.loggedAt < LOG_EVERY_MS) return
    this.#outage.loggedAt = time
    this.log.warn({ err: error, ...this.#id() }, 'the keys of the identity provider cannot be read')
  }

  #unavailable(): Failure {
    const message = 'The keys of the identity provider cannot be read at the moment.'
    return new Failure('service_unavailable', message, this.#id())
  }

  #id = () => ({ errorId: this.#outage?.errorId })
}

const ageOf = ({ fetchedAt }: KeySet) => performance.now() - fetchedAt
