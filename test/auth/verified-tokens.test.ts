import { cachingVerified } from '../../src/auth/verified-tokens'

/** A verifier that counts its calls, and a clock that stands still until it is moved. */
function counted(exp?: number) {
  const clock = { now: 1_000_000 }
  const calls: string[] = []
  const verify = cachingVerified(
    async (token) => {
      calls.push(token)
      if (token === 'forged') throw new Error('signature verification failed')
      return { sub: token, exp }
    },
    () => clock.now,
  )
  return { clock, calls, verify }
}

it('verifies a token once within a minute, and each token for itself', async () => {
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

it('asks again at the moment a token expires', async () => {
  const { calls, clock, verify } = counted(1_010)
  await verify('a')
  clock.now = 1_009_999
  await verify('a')
  expect(calls).toEqual(['a'])
  clock.now = 1_010_000
  await verify('a')
  expect(calls).toEqual(['a', 'a'])
})

it('asks again when the clock was set back, however far ahead it was', async () => {
  const { calls, clock, verify } = counted()
  await verify('a')
  clock.now -= 1
  await verify('a')
  expect(calls).toEqual(['a', 'a'])
})

it('never remembers a token that was refused', async () => {
  const { calls, verify } = counted()
  await expect(verify('forged')).rejects.toThrow('signature')
  await expect(verify('forged')).rejects.toThrow('signature')
  expect(calls).toEqual(['forged', 'forged'])
})

it('keeps a thousand tokens at most, the oldest going first', async () => {
  const { calls, verify } = counted()
  for (let nth = 0; nth <= 1_000; nth += 1) await verify(`token ${nth}`)
  await verify('token 1000')
  expect(calls).toHaveLength(1_001)
  await verify('token 0')
  expect(calls).toHaveLength(1_002)
})
