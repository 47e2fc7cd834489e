import { Failure } from '../failure'
import { parsePasswordHash, verifyPassword } from './password-hash'

/** After this many wrong passwords within the window, no password is checked for the rest of it. */
const WRONG_MAX = 5
const WINDOW_MS = 60_000

/**
 * The password that a caller needs to reveal a signing secret. A limit protects it against guessing: the tries of all
 * callers on all endpoints count together, in this process.
 */
export class RevealPassword {
  /** times of the wrong passwords in the window, earliest first */
  private wrong: number[] = []
  private lastCheck: Promise<unknown> = Promise.resolve()

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
   * Resolves when the password is right. Passwords are checked one after the other, so parallel calls cannot exceed the
   * limit of the window, and only one takes memory for its hash at a time.
   *
   * @throws Failure `forbidden`; `rate_limited` with `retryAfter`, in whole seconds
   */
  check(password: string | null | undefined): Promise<void> {
    const check = this.lastCheck.then(() => this.checkNow(password))
    this.lastCheck = check.catch(() => undefined)
    return check
  }

  private async checkNow(password: string | null | undefined): Promise<void> {
    // A missing password is no guess, so it does not count.
    if (password == null) throw wrongPassword()
    const retryAfter = this.retryAfter()
    if (retryAfter > 0) {
      const message = `Too many wrong passwords. Try again in ${retryAfter} s.`
      throw new Failure('rate_limited', message, { retryAfter })
    }
    if (await verifyPassword(this.hash, password)) return
    this.wrong.push(this.now())
    throw wrongPassword()
  }

  /** Seconds until the next password is checked; 0 = now. */
  private retryAfter(): number {
    const now = this.now()
    this.wrong = this.wrong.filter((at) => at > now - WINDOW_MS)
    const [earliest] = this.wrong
    if (earliest === undefined || this.wrong.length < WRONG_MAX) return 0
    return Math.ceil((earliest + WINDOW_MS - now) / 1000)
  }
}

const wrongPassword = () => new Failure('forbidden', 'The password is missing or wrong.')
