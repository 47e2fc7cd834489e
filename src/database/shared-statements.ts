import { isDatabaseUnavailable, NO_TURN } from './unavailable'

/** Calls that have waited for longer are given up. */
const WAITING_MAX_MS = 5_000

/** How calls are made. */
export interface SharedStatementsOptions<Call, Result> {
  /** makes one call in a statement of its own, which may wait for others */
  alone(call: Call): Promise<Result>
  /**
   * Makes calls in one statement, all or none. It must not wait for what somebody else may hold for long.
   *
   * @returns a result for each call, in their order; undefined = this call must be made alone
   */
  together(calls: Call[]): Promise<(Result | undefined)[]>
  /** how many statements run at a time */
  atOnce: number
  /** the most calls of one statement */
  most: number
}

interface Waiting<Call, Result> {
  call: Call
  /** performance.now() of the call */
  since: number
  resolve(result: Result | Promise<Result>): void
  reject(error: unknown): void
}

/**
 * Makes calls in as few statements as they need: what arrives while enough statements are under way waits and shares the next one.
 * While fewer are, a call is made at once.
 */
export class SharedStatements<Call, Result> {
  readonly #options: SharedStatementsOptions<Call, Result>
  #waiting: Waiting<Call, Result>[] = []
  #underWay = 0

  constructor(options: SharedStatementsOptions<Call, Result>) {
    this.#options = options
  }

  /** @throws Error when nothing was sent within 5 s, or what the statement has thrown */
  run(call: Call): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, since: performance.now(), resolve, reject })
      if (this.#underWay < this.#options.atOnce) void this.#runWaiting()
    })
  }

  async #runWaiting(): Promise<void> {
    this.#underWay += 1
    for (let calls = this.#takeWaiting(); calls.length > 0; calls = this.#takeWaiting())
      await this.#runTogether(calls)
    this.#underWay -= 1
  }

  /** The next calls. Those that have waited for too long are given up: their callers must be answered. */
  #takeWaiting(): Waiting<Call, Result>[] {
    const latest = performance.now() - WAITING_MAX_MS
    while (this.#waiting[0] && this.#waiting[0].since < latest)
      this.#waiting.shift()?.reject(new Error(NO_TURN))
    return this.#waiting.splice(0, this.#options.most)
  }

  async #runTogether(calls: Waiting<Call, Result>[]): Promise<void> {
    const { alone, together } = this.#options
    try {
      const results = await together(calls.map(({ call }) => call))
      calls.forEach(({ call, resolve }, index) => {
        resolve(results[index] ?? alone(call))
      })
    } catch (error) {
      for (const { call, resolve, reject } of calls) {
        // What the database has refused may be the fault of one call. What it could not do now, it cannot do alone either.
        if (isDatabaseUnavailable(error)) reject(error)
        else resolve(alone(call))
      }
    }
  }
}
