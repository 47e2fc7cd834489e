import { Failure } from '../failure'
import { parsePasswordHash, verifyPassword } from './password-hash'

/** So many wrong passwords are heard out within the window; for the rest of it no password is. */
const WRONG_MAX = 5
const WINDOW_MS = 60_000

/**
 * The password that whoever wants to see a secret has to know, guarded against guessing: the tries of all callers on
 * all endpoints count together, in this process.
 */
export class RevealPassword {
  /** when the wrong passwords of the window came, earliest first */
  private wrong: number[] = []
  private lastTurn: Promise<unknown> = Promise.resolve()

  /**
   * @param hash scrypt or argon2, see `parsePasswordHash`
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
   * Passes when the password is right. Passwords are checked one after the other: of many at once, no more are heard
   * out than the window allows, and no more than one takes memory for its hash.
   *
   * @throws Failure `forbidden`; `rate_limited` with `retryAfter`, in whole seconds
   */
  check(password: string | null | undefined): Promise<void> {
    const turn = this.lastTurn.then(() => this.judge(password))
    this.lastTurn = turn.catch(() => undefined)
    return turn
  }

  private async judge(password: string | null | undefined): Promise<void> {
    // Nobody guesses by giving none.
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

  /** Seconds until a password is heard out again; 0 = now. */
  private retryAfter(): number {
    const now = this.now()
    this.wrong = this.wrong.filter((at) => at > now - WINDOW_MS)
    const [earliest] = this.wrong
    if (earliest === undefined || this.wrong.length < WRONG_MAX) return 0
    return Math.ceil((earliest + WINDOW_MS - now) / 1000)
  }
}

const wrongPassword = () => new Failure('forbidden', 'The password is missing or wrong.')
