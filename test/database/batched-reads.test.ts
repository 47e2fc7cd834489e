import { batchedReads } from '../../src/database/batched-reads'

const schedule = (read: () => void) => setImmediate(read)

/** Reads from `stored` and records the keys of each read. */
function reader(stored: Map<number, string>) {
  const reads: number[][] = []
  const readAll = async (keys: number[]) => {
    reads.push(keys)
    return new Map([...stored].filter(([key]) => keys.includes(key)))
  }
  const loader = batchedReads(readAll, { schedule })
  return { read: (key: number) => loader.load(key), reads }
}

const STORED = new Map([
  [1, 'one'],
  [2, 'two'],
])

describe('batched reads', () => {
  it('of one turn of the event loop are one read of each key, and each caller gets the value of its key', async () => {
    const { read, reads } = reader(STORED)
    const first = read(2)
    await Promise.resolve()
    expect(await Promise.all([first, read(1), read(3), read(2)])).toEqual(['two', 'one', undefined, 'two'])
    expect(reads).toEqual([[2, 1, 3]])
  })

  it('start after the call: a value that was written before the call is returned', async () => {
    const stored = new Map(STORED)
    const { read, reads } = reader(stored)
    expect(await read(1)).toBe('one')
    stored.set(1, 'changed')
    expect(await read(1)).toBe('changed')
    expect(reads).toEqual([[1], [1]])
  })

  it('do not include a call that comes while they are running', async () => {
    const finish: (() => void)[] = []
    const loader = batchedReads(
      (keys: number[]) =>
        new Promise<Map<number, string>>((resolve) => {
          finish.push(() => resolve(new Map(keys.map((key) => [key, `read ${finish.length}`]))))
        }),
      { schedule },
    )
    const first = loader.load(1)
    await new Promise(setImmediate)
    const second = loader.load(1)
    await new Promise(setImmediate)
    expect(finish).toHaveLength(2)
    for (const each of finish) each()
    await Promise.all([first, second])
  })

  it('fail for every caller of the batch, and not for later callers', async () => {
    let isFailing = true
    const loader = batchedReads(
      async (keys: number[]) => {
        if (isFailing) throw new Error('no answer')
        return new Map(keys.map((key) => [key, 'stored']))
      },
      { schedule },
    )
    const results = await Promise.allSettled([loader.load(1), loader.load(2)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isFailing = false
    expect(await loader.load(1)).toBe('stored')
  })
})
