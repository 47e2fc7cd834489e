import DataLoader from 'dataloader'

/** When a batch is read. */
interface BatchOptions {
  /** calls `read` later; without it the batch is read once the running callbacks and promises have finished */
  schedule?: (read: () => void) => void
}

/**
 * A DataLoader over a function that reads many keys in one statement. Its `load` resolves with undefined for a key that is not
 * in the map. Nothing is cached: a value is read after the call of `load`, so a caller sees its own earlier writes.
 *
 * @param readAll gets each key of a batch once
 */
export const batchedReads = <Key, Value>(
  readAll: (keys: Key[]) => Promise<Map<Key, Value>>,
  { schedule }: BatchOptions = {},
): DataLoader<Key, Value | undefined> =>
  new DataLoader(
    async (keys) => {
      const found = await readAll([...new Set(keys)])
      return keys.map((key) => found.get(key))
    },
    { cache: false, batchScheduleFn: schedule },
  )
