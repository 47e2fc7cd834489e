import { withTokenCache } from '../../src/auth/token-cache'

/** A verifier that records its calls, and a clock that the test sets. */
function counted(exp?: number) {
  const clock = { now: 1_000_000 }
  const calls: string[] = []
  const verify = withTokenCache(
    async (token) => {
      calls.push(token)
      if (token === 'forged') throw new Error('signature verification failed')
      return { sub: token, exp }
    },
    () => clock.now,
  )
  return { clock, calls, verify }
}

it('verifies each token once a minute', async () => {
  const { calls, clock, verify } = counted()
  expect(await verify('a')).toMatchObject({ sub: 'a' })
  expect(await verify('b')).toMatchObject({ sub: 'b' })
  clock.now += 59_999
  expect(await verify('a')).toMatchObject({ sub: 'a' })
  expect(calls).toEqual(['a', 'b'])
  clock.now += 1
  await verify('a')
  expect(calls).toEqual(['a', 'b', 'a'])
})

it('verifies again as soon as a token expires', async () => {
  const { calls, clock, verify } = counted(1_010)
  await verify('a')
  clock.now = 1_009_999
  await verify('a')
  expect(calls).toEqual(['a'])
  clock.now = 1_010_000
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
