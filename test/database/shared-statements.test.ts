import { SharedStatements } from '../../src/database/shared-statements'

/** Shared statements that end when the test says so. A call is a text; its result is the text and how it was made. */
function statements(options: { atOnce?: number; most?: number } = {}) {
  const made: string[][] = []
  const endings: ((results: (string | undefined)[] | Error) => void)[] = []
  const shared = new SharedStatements<string, string>({
    alone: async (call) => `${call} alone`,
    together: (calls) => {
      made.push(calls)
      return new Promise((resolve, reject) => {
        endings.push((results) => (results instanceof Error ? reject(results) : resolve(results)))
      })
    },
    atOnce: options.atOnce ?? 1,
    most: options.most ?? 10,
  })
  return {
    run: (call: string) => shared.run(call),
    made,
    async end(results?: (string | undefined)[] | Error) {
      const calls = made[made.length - endings.length] ?? []
      endings.shift()?.(results ?? calls.map((call) => `${call} together`))
      await new Promise(setImmediate)
    },
  }
}

const refused = (code: string) => Object.assign(new Error('refused'), { code })

describe('shared statements', () => {
  it('run at once while fewer than allowed are under way; later calls share the next one', async () => {
    const { run, made, end } = statements({ atOnce: 2 })
    const results = Promise.all(['a', 'b', 'c', 'd', 'e'].map(run))
    expect(made).toEqual([['a'], ['b']])
    await end()
    expect(made).toEqual([['a'], ['b'], ['c', 'd', 'e']])
    await end()
    await end()
    expect(await results).toEqual(['a', 'b', 'c', 'd', 'e'].map((call) => `${call} together`))
  })

  it('have no more calls than allowed', async () => {
    const { run, made, end } = statements({ most: 2 })
    const results = Promise.all(['a', 'b', 'c', 'd'].map(run))
    for (let nth = 0; nth < 3; nth += 1) await end()
    await results
    expect(made).toEqual([['a'], ['b', 'c'], ['d']])
  })

  it('run a call alone that has no result together', async () => {
    const { run, end } = statements()
    const results = Promise.all(['a', 'b', 'c'].map(run))
    await end()
    await end([undefined, 'c together'])
    expect(await results).toEqual(['a together', 'b alone', 'c together'])
  })

  it('run each call alone when the database refuses them together', async () => {
    const { run, end } = statements()
    const results = Promise.all(['a', 'b', 'c'].map(run))
    await end()
    await end(refused('22003'))
    expect(await results).toEqual(['a together', 'b alone', 'c alone'])
  })

  it('fail all calls when the database is not available, and run the next one', async () => {
    const { run, end } = statements()
    const results = Promise.allSettled(['a', 'b', 'c'].map(run))
    await end()
    await end(refused('55P03'))
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    const next = run('d')
    await end()
    expect(await next).toBe('d together')
  })

  it('are not run for calls that have waited for too long', async () => {
    const { run, made, end } = statements({ most: 1 })
    const now = performance.now()
    const first = run('a')
    const late = run('b').catch((error: Error) => error.message)
    jest.spyOn(performance, 'now').mockReturnValue(now + 4_000)
    const last = run('c')
    jest.spyOn(performance, 'now').mockReturnValue(now + 6_000)
    await end()
    await end()
    jest.restoreAllMocks()
    expect(await Promise.all([first, late, last])).toEqual([
      'a together',
      'timeout exceeded when trying to connect',
      'c together',
    ])
    expect(made).toEqual([['a'], ['c']])
  })
})
