import fs from 'node:fs'

type Operation = (...args: unknown[]) => unknown

const DELAYED = /^(link|rename|rm|unlink|mkdir|writeFile|open|stat)Sync$/
const DELAY_MAX_MS = 12

/**
 * Delays each file operation of this process by a random time, before and after, as on a machine that is busy with
 * other processes. Those run between any two operations.
 */
const operations = fs as unknown as Record<string, Operation>
for (const name of Object.keys(operations).filter((each) => DELAYED.test(each))) {
  const operation = operations[name] as Operation
  operations[name] = (...args) => {
    delay()
    try {
      return operation(...args)
    } finally {
      delay()
    }
  }
}

/** Blocks the process, for the operations are synchronous. */
function delay(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * DELAY_MAX_MS)
}
