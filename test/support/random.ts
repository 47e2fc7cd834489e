import { report } from './report'

/** Reproducible random numbers: the seed is printed, and HOOKGATE_FAULTS_SEED sets it. */
export interface Random {
  /** from `least` (included) to `most` (not included) */
  between(least: number, most: number): number
}

export function seededRandom(): Random {
  const seed = faultsSeed()
  report(`seed: HOOKGATE_FAULTS_SEED=${seed}`)
  let state = seed
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { between: (least, most) => least + next() * (most - least) }
}

/** A new seed for each run, unless HOOKGATE_FAULTS_SEED is set. */
export const faultsSeed = () => Number(process.env.HOOKGATE_FAULTS_SEED ?? Date.now() % 2 ** 31)
