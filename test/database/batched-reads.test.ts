import { batchedReads } from '../../src/database/batched-reads'

/** Reads from `stored` and tells which keys each read was for. */
function reader(stored: Map<number, string>) {
  const reads: number[][] = []
  const read = batchedReads(async (keys: number[]) => {
    reads.push(keys)
    return new Map([...stored].filter(([key]) => keys.includes(key)))
  })
  return { read, reads }
}

const STORED = new Map([
  [1, 'one'],
  [2, 'two'],
])

describe('batchedReads reads', () => {
  it('are one for all who ask in one turn, each of whom gets what it asked for', async () => {
    const { read, reads } = reader(STORED)
    expect(await Promise.all([read(2), read(1), read(3), read(2)])).toEqual(['two', 'one', undefined, 'two'])
    expect(reads).toEqual([[2, 1, 3, 2]])
  })

  it('begin after the question: what was written before it is seen', async () => {
    const stored = new Map(STORED)
    const { read, reads } = reader(stored)
    expect(await read(1)).toBe('one')
    stored.set(1, 'changed')
    expect(await read(1)).toBe('changed')
    expect(reads).toEqual([[1], [1]])
  })

  it('do not take in who asks while they are under way', async () => {
    const finish: (() => void)[] = []
    const read = batchedReads((keys: number[]) => {
      return new Promise<Map<number, string>>((resolve) => {
        finish.push(() => resolve(new Map(keys.map((key) => [key, `read ${finish.length}`]))))
      })
    })
    const first = read(1)
    await new Promise(setImmediate)
    const second = read(1)
    await new Promise(setImmediate)
    expect(finish).toHaveLength(2)
    for (const each of finish) each()
    await Promise.all([first, second])
  })

  it('fail for all who asked, and not for those who ask later', async () => {
    let isAway = true
    const read = batchedReads(async (keys: number[]) => {
      if (isAway) throw new Error('away')
      return new Map(keys.map((key) => [key, 'there']))
    })
    const asked = await Promise.allSettled([read(1), read(2)])
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isAway = false
    expect(await read(1)).toBe('there')
  })
})
