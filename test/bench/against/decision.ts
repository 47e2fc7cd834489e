import type { Unit } from '../report/measurement'
import { median } from '../statistics'

/** Pairs of measurements for each case. The decision is defined for this number alone. */
export const PAIRS = 7
/** A case falls short when the median of its ratios is below this ... */
const LEAST_MEDIAN = 0.95
/** ... and at least so many of its ratios are below 1. */
const LEAST_BELOW_ONE = 6

/** What one measurement of each build showed, one right after the other. */
export interface Pair {
  thisBuild: number
  revision: number
}

/** `undecided`: another number of pairs than {@link PAIRS}. */
export type Decision = 'holds' | 'falls short' | 'undecided'

/**
 * How many times as good this build is as the revision: above 1, this build is better. For a rate the ratio is this
 * build's to the revision's; for a time or a size it is the inverse.
 *
 * @throws Error when a value is not a positive number
 */
export function ratioOf({ thisBuild, revision }: Pair, unit: Unit): number {
  for (const value of [thisBuild, revision]) {
    if (!(value > 0 && Number.isFinite(value))) throw new Error(`${value} is not a measured value`)
  }
  return unit === '/s' ? thisBuild / revision : revision / thisBuild
}

/** Decides whether this build falls short of the revision in one case. Neither condition alone is enough. */
export function decide(ratios: number[]): Decision {
  if (ratios.length !== PAIRS) return 'undecided'
  const belowOne = ratios.filter((ratio) => ratio < 1).length
  return median(ratios) < LEAST_MEDIAN && belowOne >= LEAST_BELOW_ONE ? 'falls short' : 'holds'
}

/** The order of the builds in a pair: the first build alternates, so that a drift of the machine cancels out. */
export const orderOfPair = (pair: number): (keyof Pair)[] =>
  pair % 2 === 0 ? ['thisBuild', 'revision'] : ['revision', 'thisBuild']
