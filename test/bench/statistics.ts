/** The middle value; for an even number of values the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

/**
 * The smallest value that at least this share of all values does not exceed (nearest rank).
 *
 * @param share from 0 to 1
 */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export interface Spread {
  least: number
  most: number
}

export const spreadOf = (values: number[]): Spread => ({
  least: Math.min(...values),
  most: Math.max(...values),
})
