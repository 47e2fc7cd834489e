import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The wall clock of one process, which a test sets forwards and backwards while it runs. */
export interface ShiftedClock {
  /** environment of a process that uses this clock */
  env: Record<string, string>
  /** Sets it this far from the real one; the process notices within about 10 ms. */
  shift(byMs: number): void
}

/** Shifts `Date`. Timers and `performance` use the monotonic clock, which no change of the wall clock affects. */
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

/** @param folder for its files */
export function shiftedClock(folder: string): ShiftedClock {
  const [state, preload] = [join(folder, 'clock'), join(folder, 'clock.cjs')]
  const shift = (byMs: number) => writeFileSync(state, String(byMs))
  shift(0)
  writeFileSync(preload, script(state))
  return { env: { NODE_OPTIONS: `--require=${preload}` }, shift }
}
