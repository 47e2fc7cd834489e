import { Failure } from '../failure'
import { parsePasswordHash, verifyPassword } from './password-hash'

/** After this many wrong passwords of one caller within the window, none of that caller is checked for the rest of it. */
const WRONG_MAX = 5
const WINDOW_MS = 60_000
/** The most callers whose wrong passwords are kept. Above it, those of the longest ago are dropped. */
const CALLERS_MAX = 1_000

/** What one caller has tried. */
interface Tries {
  /** times of the wrong passwords in the window, earliest first */
  wrong: number[]
  lastCheck: Promise<unknown>
}

/**
 * The password that a caller needs to reveal a signing secret. A limit protects it against guessing: the tries of one caller on
 * all endpoints count together, in this process. Other callers are not affected.
 */
export class RevealPassword {
  /** by subject, in the order of their last call */
  readonly #callers = new Map<string, Tries>()
  #lastHash: Promise<unknown> = Promise.resolve()

  /**
   * @param hash scrypt or argon2, in the format of `parsePasswordHash`
   * @param now milliseconds of a clock that never goes back
   * @throws Error when the hash is malformed
   */
  constructor(
    private readonly hash: string,
    private readonly now: () => number,
  ) {
    parsePasswordHash(hash)
  }

  /**
   * Resolves when the password is right. The passwords of one caller are checked one after the other, so parallel calls cannot
   * exceed the limit of the window. One password at a time is hashed, so only one takes memory; callers take turns.
   *
   * @param subject the claim `sub` of the caller; callers without one count as one caller
   * @throws Failure `forbidden`; `rate_limited` with `retryAfter`, in whole seconds
   */
  check(subject: string, password: string | null | undefined): Promise<void> {
    const tries = this.#triesOf(subject)
    const check = tries.lastCheck.then(() => this.#check(tries, password))
    tries.lastCheck = check.catch(() => undefined)
    return check
  }

  #triesOf(subject: string): Tries {
    const tries = this.#callers.get(subject) ?? { wrong: [], lastCheck: Promise.resolve() }
    this.#callers.delete(subject)
    this.#callers.set(subject, tries)
    const [longestAgo = ''] = this.#callers.keys()
    if (this.#callers.size > CALLERS_MAX) this.#callers.delete(longestAgo)
    return tries
  }

  async #check(tries: Tries, password: string | null | undefined): Promise<void> {
    // A missing password is no guess, so it does not count.
    if (password == null) throw wrongPassword()
    const retryAfter = this.#retryAfter(tries)
    if (retryAfter > 0) {
      const message = `Too many wrong passwords. Try again in ${retryAfter} s.`
      throw new Failure('rate_limited', message, { retryAfter })
    }
    if (await this.#isRight(password)) return
    tries.wrong.push(this.now())
    throw wrongPassword()
  }

  #isRight(password: string): Promise<boolean> {
    const hashing = this.#lastHash.then(() => verifyPassword(this.hash, password))
    this.#lastHash = hashing.catch(() => undefined)
    return hashing
  }

  /** Seconds until the next password is checked; 0 = now. */
  #retryAfter(tries: Tries): number {
    const now = this.now()
    tries.wrong = tries.wrong.filter((at) => at > now - WINDOW_MS)
    const [earliest] = tries.wrong
    if (earliest === undefined || tries.wrong.length < WRONG_MAX) return 0
    return Math.ceil((earliest + WINDOW_MS - now) / 1000)
  }
}

const wrongPassword = () => new Failure('forbidden', 'The password is missing or wrong.')
