/**
 * Makes one read of the many that are asked for in the same turn of the event loop: a busy server finds several requests
 * waiting at each turn, and a statement costs the system call that hands it over more than it costs PostgreSQL. Nothing
 * is kept: whoever asks gets what is read from then on.
 *
 * @param readAll reads what there is under these keys, among which may be the same one twice
 */
export function batchedReads<Key, Value>(
  readAll: (keys: Key[]) => Promise<Map<Key, Value>>,
): (key: Key) => Promise<Value | undefined> {
  let next: { keys: Key[]; values: Promise<Map<Key, Value>> } | undefined
  return async (key) => {
    next ??= { keys: [], values: endOfTurn().then(read) }
    const { keys, values } = next
    keys.push(key)
    return (await values).get(key)
  }

  function read(): Promise<Map<Key, Value>> {
    const keys = next?.keys ?? []
    next = undefined
    return readAll(keys)
  }
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
