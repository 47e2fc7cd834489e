import { median, type Spread, spreadOf } from '../statistics'

/** `/s`: per second, the more the better. The others: the less the better. */
export type Unit = '/s' | 'ms' | 'MB'

/** One line of the table: what was measured of whom, under which load. */
export interface Measurement {
  what: string
  by: string
  at: string
  unit: Unit
  /** one value a round, in order */
  rounds: number[]
  /** what is shown: the median of the rounds unless said otherwise */
  result: number
  spread: Spread
  comparisons: Comparison[]
}

export interface Comparison {
  /** such as `0.42 of bare`; empty when the result itself is held to the bar */
  ratio: string
  /** such as `≥ 0.40`; undefined = for information */
  bar: string | undefined
  isMet: boolean
}

/** @param result default: the median of the rounds */
export function measured(
  [what, by, at]: [what: string, by: string, at: string],
  unit: Unit,
  rounds: number[],
  result = median(rounds),
): Measurement {
  return { what, by, at, unit, rounds, result, spread: spreadOf(rounds), comparisons: [] }
}

/**
 * Compares round by round: rounds that follow each other meet the same machine. The ratio is the median of theirs.
 *
 * @param bar what the ratio must reach (`least`) or must not exceed (`most`)
 */
export function compare(
  measurement: Measurement,
  yardstick: Measurement,
  bar?: { least?: number; most?: number },
): void {
  const ratios = measurement.rounds.map((value, round) => value / (yardstick.rounds[round] ?? Number.NaN))
  const { least, most } = spreadOf(ratios)
  const ratio = median(ratios)
  measurement.comparisons.push({
    ratio: `${ratio.toFixed(2)} of ${yardstick.by} (${least.toFixed(2)}–${most.toFixed(2)})`,
    ...judge(ratio, bar, (value) => value.toFixed(2)),
  })
}

/** Holds the result itself to a bar. */
export function limit(measurement: Measurement, most: number): void {
  const { result, unit } = measurement
  measurement.comparisons.push({ ratio: '', ...judge(result, { most }, (value) => amount(value, unit)) })
}

function judge(
  value: number,
  bar: { least?: number; most?: number } | undefined,
  print: (value: number) => string,
): Pick<Comparison, 'bar' | 'isMet'> {
  if (bar?.least !== undefined) return { bar: `≥ ${print(bar.least)}`, isMet: value >= bar.least }
  if (bar?.most !== undefined) return { bar: `≤ ${print(bar.most)}`, isMet: value <= bar.most }
  return { bar: undefined, isMet: true }
}

/** Such as `1,234/s`, `9.8 ms`, `180 MB`. */
export function amount(value: number, unit: Unit): string {
  const digits = unit === '/s' || value >= 100 ? 0 : value >= 1 ? 1 : 2
  const number = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return unit === '/s' ? `${number}/s` : `${number} ${unit}`
}
