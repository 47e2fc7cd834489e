import { generateKeyPairSync } from 'node:crypto'
import type { ProviderKey } from '../../src/auth/key-set'
import { ProviderKeys } from '../../src/auth/provider-keys'

const { publicKey } = generateKeyPairSync('ed25519')
const keyNamed = (kid: string): ProviderKey => ({ kid, algorithms: ['EdDSA'], key: publicKey })

/** A provider whose answer the test sets, and what the gateway logs about it. Only the test moves the clock. */
function provider() {
  const log = { warn: jest.fn(), info: jest.fn() }
  const state = { kids: ['a'], error: undefined as Error | undefined, takesMs: 0, fetches: [] as number[] }
  const keys = new ProviderKeys(async () => {
    state.fetches.push(performance.now())
    if (state.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, state.takesMs))
    if (state.error) throw state.error
    return state.kids.map(keyNamed)
  }, log)
  const current = async () => (await keys.current()).keys.map(({ kid }) => kid)
  return { keys, state, log, current }
}

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds)
const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error) => error.kind,
  )

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

it('fetches the keys once for all requests of half a minute', async () => {
  const { current, state } = provider()
  expect(await Promise.all([current(), current()])).toEqual([['a'], ['a']])
  await pass(29_999)
  expect(await current()).toEqual(['a'])
  expect(state.fetches).toHaveLength(1)
})

it('refuses a withdrawn key within a minute, without a request that waits', async () => {
  const { current, state } = provider()
  await current()
  state.kids = ['b']
  await pass(30_000)
  expect(await current()).toEqual(['a'])
  await pass(0)
  expect(await current()).toEqual(['b'])
})

it('refuses a withdrawn key within a minute when no request came meanwhile', async () => {
  const { current, state } = provider()
  await current()
  state.kids = ['b']
  await pass(59_999)
  expect(await current()).toEqual(['b'])
})

it('limits the time for which a verified token is valid to the same minute', async () => {
  const { keys } = provider()
  const set = await keys.current()
  await pass(20_000)
  expect(ProviderKeys.validForMs(set)).toBe(40_000)
  await pass(40_000)
  expect(ProviderKeys.validForMs(set)).toBe(0)
})

it('counts the minute from the start of the fetch', async () => {
  const { keys, state } = provider()
  state.takesMs = 4_000
  const fetched = keys.current()
  await pass(4_000)
  expect(ProviderKeys.validForMs(await fetched)).toBe(56_000)
})

it('starts one fetch a second at most, and requests of unknown keys wait for it', async () => {
  const { keys, state } = provider()
  const set = await keys.current()
  const later = Promise.all([keys.laterThan(set), keys.laterThan(set), keys.laterThan(set)])
  state.kids = ['a', 'b']
  await pass(999)
  expect(state.fetches).toHaveLength(1)
  await pass(1)
  expect((await later).map(({ keys: found }) => found.length)).toEqual([2, 2, 2])
  expect(state.fetches).toHaveLength(2)
})

it('does not fetch again for a request that missed the last fetch', async () => {
  const { keys, state } = provider()
  const set = await keys.current()
  await pass(5_000)
  const later = await keys.laterThan(set)
  expect(await keys.laterThan(set)).toBe(later)
  expect(state.fetches).toHaveLength(2)
})

describe('while the keys cannot be fetched', () => {
  it('known keys stay valid for ten minutes, then requests get 503', async () => {
    const { current, state } = provider()
    await current()
    state.error = new Error('down')
    for (let seconds = 20; seconds < 600; seconds += 20) {
      await pass(20_000)
      expect(await current()).toEqual(['a'])
    }
    await pass(20_000)
    expect(await kindOf(current())).toBe('service_unavailable')
    state.error = undefined
    await pass(1_000)
    expect(await current()).toEqual(['a'])
  })

  it('known keys stay valid even if no request came before', async () => {
    const { current, state } = provider()
    await current()
    state.error = new Error('down')
    await pass(599_999)
    expect(await current()).toEqual(['a'])
  })

  it('requests of known keys do not wait for a provider that hangs', async () => {
    const { current, state } = provider()
    await current()
    state.error = new Error('timeout')
    state.takesMs = 5_000
    await pass(30_000)
    expect(await current()).toEqual(['a'])
    await pass(60_000)
    expect(await current()).toEqual(['a'])
  })

  it('a token of an unknown key is not refused, and not known either', async () => {
    const { keys, state } = provider()
    const set = await keys.current()
    state.error = new Error('down')
    await pass(5_000)
    expect(await kindOf(keys.laterThan(set))).toBe('service_unavailable')
  })

  it('the log says so once a minute under one id, which the requests get, and says when the outage ends', async () => {
    const { keys, state, log } = provider()
    state.error = new Error('down')
    const errorIds = new Set()
    for (let second = 0; second < 60; second += 1) {
      await keys.current().catch(({ details }) => errorIds.add(details.errorId))
      await pass(1_000)
    }
    expect(log.warn).toHaveBeenCalledTimes(1)
    await keys.current().catch(({ details }) => errorIds.add(details.errorId))
    expect(log.warn).toHaveBeenCalledTimes(2)
    expect([...errorIds]).toEqual([log.warn.mock.calls[0]?.[0].errorId])
    expect(log.warn.mock.calls[0]?.[0].err).toBe(state.error)

    state.error = undefined
    await pass(1_000)
    await keys.current()
    expect(log.info).toHaveBeenCalledTimes(1)
  })
})
