import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The wall clock of one process, which a test sets forwards and backwards while it runs. */
export interface ShiftedClock {
  /** makes a process go by it */
  env: Record<string, string>
  /** Sets it this far from the real one; the process has it within some 10 ms. */
  shift(byMs: number): void
}

/** Shifts `Date`; timers and `performance` go on as a monotonic clock does. */
const script = (file: string) => `
  const { readFileSync } = require('node:fs')
  const RealDate = Date
  let shift = 0
  const read = () => { shift = Number(readFileSync(${JSON.stringify(file)}, 'utf8')) }
  read()
  setInterval(read, 10).unref()
  const now = () => RealDate.now() + shift
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    get: (target, name, self) => (name === 'now' ? now : Reflect.get(target, name, self)),
  })`

/** @param folder where its files may stand */
export function shiftedClock(folder: string): ShiftedClock {
  const [state, preload] = [join(folder, 'clock'), join(folder, 'clock.cjs')]
  const shift = (byMs: number) => writeFileSync(state, String(byMs))
  shift(0)
  writeFileSync(preload, script(state))
  return { env: { NODE_OPTIONS: `--require=${preload}` }, shift }
}
