import { Turns } from '../../../src/database/server/turns'

/** Takes turns of a kind until it gets none. */
const takeAll = (turns: Turns, kind: string) => {
  const taken = []
  for (let end = turns.take(kind); end; end = turns.take(kind)) taken.push(end)
  return taken
}

describe('turns of kinds of statements', () => {
  afterEach(() => jest.useRealTimers())

  it('leave one connection to other kinds', () => {
    const turns = new Turns(9)
    expect(takeAll(turns, 'publish')).toHaveLength(8)
    expect(turns.take('read')).toBeDefined()
  })

  it('let one connection serve every kind', () => {
    const turns = new Turns(1)
    turns.take('publish')?.(false)
    expect(turns.take('read')).toBeDefined()
  })

  it('are few for a kind whose statements were given up, and many again after one that succeeds', () => {
    const turns = new Turns(9)
    for (const end of takeAll(turns, 'publish')) end(true)
    const few = takeAll(turns, 'publish')
    expect(few).toHaveLength(2)
    expect(takeAll(turns, 'read')).toHaveLength(8)
    few[0]?.(false)
    expect(takeAll(turns, 'publish')).toHaveLength(7)
  })

  it('are many again some time after the last was given up', () => {
    jest.useFakeTimers()
    const turns = new Turns(9)
    for (const end of takeAll(turns, 'publish')) end(true)
    jest.advanceTimersByTime(15_001)
    expect(takeAll(turns, 'publish')).toHaveLength(8)
  })

  it('go to those that wait, in order', async () => {
    const turns = new Turns(2)
    const [first] = takeAll(turns, 'publish')
    const order: number[] = []
    const waiting = [1, 2].map((nth) =>
      turns.wait('publish').then((end) => {
        order.push(nth)
        return end
      }),
    )
    first?.(false)
    const second = await waiting[0]
    expect(order).toEqual([1])
    second?.(false)
    await waiting[1]
    expect(order).toEqual([1, 2])
  })

  it('that do not come in time are an error of a database that does not answer', async () => {
    jest.useFakeTimers()
    const turns = new Turns(2)
    const [first] = takeAll(turns, 'publish')
    const waiting = turns.wait('publish')
    const failed = expect(waiting).rejects.toThrow('timeout exceeded when trying to connect')
    jest.advanceTimersByTime(10_000)
    await failed
    first?.(false)
    expect(takeAll(turns, 'publish')).toHaveLength(1)
  })
})
