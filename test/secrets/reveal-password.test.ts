import { setImmediate as nextTurn } from 'node:timers/promises'
import { Failure } from '../../src/failure'
import { RevealPassword } from '../../src/secrets/reveal-password'

/** `correct horse`, hashed with the cheapest parameters. */
const HASH = '$scrypt$ln=1,r=8,p=1$c2FsdCBvZiAxNiBieXRlcw$xaQ5ytYyjpJHrFDiJyjNaT8FBcwyPfrhzHLca2PMvhI'

/** A password with a clock that the test moves. */
function guard() {
  const clock = { ms: 1_000_000 }
  const password = new RevealPassword(HASH, () => clock.ms)
  const check = (given?: string | null, subject = 'somebody') =>
    password.check(subject, given).then(
      () => 'right',
      (failure: Failure) => (failure.kind === 'rate_limited' ? failure.details.retryAfter : failure.kind),
    )
  return { clock, check, password }
}

describe('the password of a reveal', () => {
  it('is right or wrong', async () => {
    const { check } = guard()
    expect(await check('correct horse')).toBe('right')
    expect(await check('wrong')).toBe('forbidden')
    expect(await check('')).toBe('forbidden')
    expect(await check('correct horse')).toBe('right')
  })

  it('says the same of a missing and of a wrong one', async () => {
    const { password } = guard()
    for (const given of [undefined, null, '', 'wrong']) {
      await expect(password.check('somebody', given)).rejects.toEqual(
        new Failure('forbidden', 'The password is missing or wrong.'),
      )
    }
  })

  it('is not checked after 5 wrong ones within a minute, not even the right one', async () => {
    const { clock, check } = guard()
    for (let nth = 0; nth < 5; nth++) {
      expect(await check(`wrong ${nth}`)).toBe('forbidden')
      clock.ms += 1000
    }
    expect(await check('wrong')).toBe(55)
    expect(await check('correct horse')).toBe(55)
    clock.ms += 54_001
    expect(await check('correct horse')).toBe(1)
    clock.ms += 999
    expect(await check('correct horse')).toBe('right')
  })

  it('has a window that slides: each wrong one counts for its own minute', async () => {
    const { clock, check } = guard()
    for (let nth = 0; nth < 5; nth++) {
      expect(await check('wrong')).toBe('forbidden')
      clock.ms += 10_000
    }
    expect(await check('wrong')).toBe(10)
    clock.ms += 10_000
    expect(await check('wrong')).toBe('forbidden')
    expect(await check('wrong')).toBe(10)
    clock.ms += 60_000
    for (let nth = 0; nth < 5; nth++) expect(await check('wrong')).toBe('forbidden')
    expect(await check('wrong')).toBe(60)
  })

  it('counts neither right ones nor missing ones nor tries that were not checked', async () => {
    const { clock, check } = guard()
    for (let nth = 0; nth < 10; nth++) {
      expect(await check('correct horse')).toBe('right')
      expect(await check()).toBe('forbidden')
    }
    for (let nth = 0; nth < 5; nth++) await check('wrong')
    clock.ms += 59_000
    for (let nth = 0; nth < 10; nth++) expect(await check('wrong')).toBe(1)
    clock.ms += 1000
    expect(await check('correct horse')).toBe('right')
  })

  it('is guessed no more often by many calls at once', async () => {
    const { check } = guard()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, nth) => check(`wrong ${nth}`)))
    expect(answers.filter((answer) => answer === 'forbidden')).toHaveLength(5)
    expect(answers.filter((answer) => answer === 60)).toHaveLength(45)
  })

  it('may be given by many calls at once', async () => {
    const { check } = guard()
    const answers = await Promise.all(Array.from({ length: 50 }, () => check('correct horse')))
    expect(new Set(answers)).toEqual(new Set(['right']))
  })

  it('is not even hashed while no password is checked', async () => {
    const { check } = guard()
    for (let nth = 0; nth < 5; nth++) await check('wrong')
    // Hashing takes at least one turn of the event loop; an immediate rejection takes none.
    const refused = check('correct horse')
    expect(await Promise.race([refused, nextTurn('hashed')])).toBe(60)
  })

  it('is still open to others after one caller has given 5 wrong ones', async () => {
    const { check } = guard()
    for (let nth = 0; nth < 5; nth++) await check('wrong', 'guesser')
    expect(await check('correct horse', 'guesser')).toBe(60)
    expect(await check('correct horse', 'another')).toBe('right')
    expect(await check('wrong', 'another')).toBe('forbidden')
    expect(await check('correct horse', 'guesser')).toBe(60)
  })

  it('has one limit for all callers without a subject', async () => {
    const { check } = guard()
    for (let nth = 0; nth < 5; nth++) await check('wrong', '')
    expect(await check('correct horse', '')).toBe(60)
    expect(await check('correct horse', 'somebody')).toBe('right')
  })

  it('forgets the callers of the longest ago when there are very many', async () => {
    const { check } = guard()
    for (let nth = 0; nth < 5; nth++) await check('wrong', 'guesser')
    for (let nth = 0; nth < 999; nth++) await check(null, `caller ${nth}`)
    expect(await check('correct horse', 'guesser')).toBe(60)
    for (let nth = 0; nth < 1000; nth++) await check(null, `caller ${nth}`)
    expect(await check('correct horse', 'guesser')).toBe('right')
  })

  it('has a hash that is checked at once', () => {
    expect(() => new RevealPassword('no hash', () => 0)).toThrow('The password hash must read')
  })
})
