import { withTokenCache } from '../../src/auth/token-cache'

/** A verifier that records its calls, and a clock that the test sets. */
function counted(validForMs = 60_000) {
  const clock = { now: 1_000_000 }
  const calls: string[] = []
  const verify = withTokenCache(
    async (token) => {
      calls.push(token)
      if (token === 'forged') throw new Error('signature verification failed')
      return { identity: { subject: token.slice(0, 10), roles: [] }, until: clock.now + validForMs }
    },
    () => clock.now,
  )
  return { clock, calls, verify }
}

it('verifies each token once until the result runs out', async () => {
  const { calls, clock, verify } = counted()
  expect(await verify('a')).toMatchObject({ identity: { subject: 'a' } })
  expect(await verify('b')).toMatchObject({ identity: { subject: 'b' } })
  clock.now += 59_999
  expect(await verify('a')).toMatchObject({ identity: { subject: 'a' } })
  expect(calls).toEqual(['a', 'b'])
  clock.now += 1
  await verify('a')
  expect(calls).toEqual(['a', 'b', 'a'])
})

it('verifies each time when a result may not be used again', async () => {
  const { calls, verify } = counted(0)
  await verify('a')
  await verify('a')
  expect(calls).toEqual(['a', 'a'])
})

it('verifies again when the clock was set back', async () => {
  const { calls, clock, verify } = counted()
  await verify('a')
  clock.now -= 1
  await verify('a')
  expect(calls).toEqual(['a', 'a'])
})

it('does not cache a token that failed', async () => {
  const { calls, verify } = counted()
  await expect(verify('forged')).rejects.toThrow('signature')
  await expect(verify('forged')).rejects.toThrow('signature')
  expect(calls).toEqual(['forged', 'forged'])
})

it('holds a thousand tokens at most and drops the oldest first', async () => {
  const { calls, verify } = counted()
  for (let nth = 0; nth <= 1_000; nth += 1) await verify(`token ${nth}`)
  await verify('token 1000')
  expect(calls).toHaveLength(1_001)
  await verify('token 0')
  expect(calls).toHaveLength(1_002)
})

it('holds two million characters at most, however many tokens they are', async () => {
  const { calls, verify } = counted()
  const long = (nth: number) => `${nth}`.padEnd(100_000, '.')
  for (let nth = 0; nth < 21; nth += 1) await verify(long(nth))
  await verify(long(20))
  await verify(long(1))
  expect(calls).toHaveLength(21)
  await verify(long(0))
  expect(calls).toHaveLength(22)
})

it('counts a token once that several requests verified at the same time', async () => {
  const { calls, verify } = counted()
  const long = (nth: number) => `${nth}`.padEnd(100_000, '.')
  await verify('first')
  await Promise.all(Array.from({ length: 50 }, () => verify(long(0))))
  calls.length = 0
  await verify('first')
  expect(calls).toEqual([])
})
