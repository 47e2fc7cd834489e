import { median, type Spread, spreadOf } from '../statistics'

/** `/s` is per second, `` a count, and `ratio` a number with decimals. The two builds are compared in `/s`, where more is better, `ms` and `MB`. */
export type Unit = '/s' | 'ms' | 's' | 'MB' | '%' | 'µs' | 'B' | 'ratio' | ''

/** One line of the table: one quantity of one system under one load. */
export interface Measurement {
  quantity: string
  system: string
  load: string
  unit: Unit
  /** one value for each round, in order */
  rounds: number[]
  /** the value that the table shows */
  result: number
  spread: Spread
  comparisons: Comparison[]
}

export interface Comparison {
  /** such as `0.42 of bare`; empty when the bar is for the result itself */
  ratio: string
  /** such as `≥ 0.40`; undefined = for information only */
  bar: string | undefined
  isMet: boolean
}

/** A limit: the value must be at least `least`, or at most `most`. */
interface Bar {
  least?: number | undefined
  most?: number | undefined
}

/** @param result default: the median of the rounds */
export function measured(
  [quantity, system, load]: [quantity: string, system: string, load: string],
  { unit, rounds, result = median(rounds) }: { unit: Unit; rounds: number[]; result?: number },
): Measurement {
  return { quantity, system, load, unit, rounds, result, spread: spreadOf(rounds), comparisons: [] }
}

/**
 * Compares round by round, because neighbouring rounds meet the same load of the machine. The ratio is the median of
 * the ratios of all rounds.
 *
 * @param bar a limit for the ratio
 */
export function compare(measurement: Measurement, yardstick: Measurement, bar?: Bar): void {
  const ratios = measurement.rounds.map((value, round) => value / (yardstick.rounds[round] ?? Number.NaN))
  const { least, most } = spreadOf(ratios)
  const ratio = median(ratios)
  measurement.comparisons.push({
    ratio: `${ratio.toFixed(2)} of ${yardstick.system} (${least.toFixed(2)}–${most.toFixed(2)})`,
    ...checked(ratio, bar, (value) => value.toFixed(2)),
  })
}

/** Sets a limit for the result itself. */
export function limit(measurement: Measurement, bar: Bar): void {
  const { result, unit } = measurement
  measurement.comparisons.push({ ratio: '', ...checked(result, bar, (value) => amount(value, unit)) })
}

/** How much longer a time may be than in calm: so many times, or so many milliseconds, the greater of the two. */
const CALM_RATIO_MAX = 1.5
const CALM_SLACK_MS = 20

/** Compares a time under load with the same time in calm. */
export function compareWithCalm(measurement: Measurement, calm: Measurement): void {
  const most = Math.max(calm.result * CALM_RATIO_MAX, calm.result + CALM_SLACK_MS)
  measurement.comparisons.push({
    ratio: `${(measurement.result / calm.result).toFixed(2)} of ${calm.system}`,
    ...checked(measurement.result, { most }, (value) => amount(value, 'ms')),
  })
}

function checked(
  value: number,
  bar: Bar | undefined,
  print: (value: number) => string,
): Pick<Comparison, 'bar' | 'isMet'> {
  if (bar?.least !== undefined) return { bar: `≥ ${print(bar.least)}`, isMet: value >= bar.least }
  if (bar?.most !== undefined) return { bar: `≤ ${print(bar.most)}`, isMet: value <= bar.most }
  return { bar: undefined, isMet: true }
}

/** Such as `1,234/s`, `9.8 ms`, `180 MB`, `3`. */
export function amount(value: number, unit: Unit): string {
  const digits = unit === '/s' || unit === '' || value >= 100 ? 0 : value >= 1 && unit !== 'ratio' ? 1 : 2
  const number = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  if (unit === '/s') return `${number}/s`
  return unit === 'ratio' ? number : `${number} ${unit}`.trim()
}
