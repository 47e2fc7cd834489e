import { amount, type Measurement } from './measurement'

const HEAD = ['measured', 'of', 'under', 'median', 'lowest–highest', 'ratio', 'bar', '']

/** The measurements as a Markdown table that is as readable in a terminal. */
export const table = (measurements: Measurement[]): string =>
  markdown([HEAD, ...measurements.flatMap(rowsOf)])

/**
 * A Markdown table with columns of equal width.
 *
 * @param rows the first one is the head
 */
export function markdown(rows: string[][]): string {
  const head = rows[0] ?? []
  const widths = head.map((_head, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))))
  const rule = line(widths.map((width) => '-'.repeat(Math.max(3, width))))
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

const line = (cells: string[]) => `| ${cells.join(' | ')} |`

/** A line for the measurement with its first comparison, and one for each further comparison. */
function rowsOf({ quantity, system, load, unit, result, spread, comparisons }: Measurement): string[][] {
  const [first, ...others] = comparisons.map(({ ratio, bar, isMet }) => [
    ratio,
    bar ?? '',
    bar === undefined ? '' : isMet ? 'pass' : '**miss**',
  ])
  const range = `${amount(spread.least, unit)}–${amount(spread.most, unit)}`
  return [
    [quantity, system, load, amount(result, unit), range, ...(first ?? ['', '', ''])],
    ...others.map((cells) => ['', '', '', '', '', ...cells]),
  ]
}
