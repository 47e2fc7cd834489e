import type { Databases } from '../databases'
import { MAIN } from '../places'
import { circumstances } from '../report/document'
import { amount, type Unit } from '../report/measurement'
import { markdown } from '../report/table'
import { median } from '../statistics'
import type { Teardown } from '../teardown'
import { CASES } from './cases'
import { decide, orderOfPair, type Pair, ratioOf } from './decision'
import { buildRevision } from './revision'
import type { PairedCase, Side } from './side'

export interface Comparison {
  /** anything that git resolves to a commit */
  revision: string
  /** names of cases */
  names: string[]
  pairs: number
  databases: Databases
  teardown: Teardown
  /** Prints a line about the progress. */
  progress(line: string): void
}

interface Result {
  name: string
  unit: Unit
  pairs: Pair[]
}

type Sides = Record<keyof Pair, Side>

/**
 * Builds a revision and measures this build and the revision in turn, in pairs.
 *
 * @returns a table, and whether any case falls short
 * @throws Error when the revision cannot be built, or when a build answers wrongly
 */
export async function compareAgainst(
  comparison: Comparison,
): Promise<{ report: string; fallsShort: boolean }> {
  const { databases, teardown, names, progress } = comparison
  const built = await buildRevision(comparison)
  const sides: Sides = {
    thisBuild: { name: 'this build', program: MAIN, databases, teardown },
    revision: { name: built.name, program: built.program, databases, teardown },
  }
  const results: Result[] = []
  for (const [index, name] of names.entries()) {
    progress(`${name}: case ${index + 1} of ${names.length}`)
    const paired = CASES[name]
    if (paired) results.push(await measurePairs(name, paired, { ...comparison, sides }))
  }
  return {
    report: `${circumstances(await databases.version())}\n\n${tableOf(results, built.name)}`,
    fallsShort: results.some((result) => decide(ratiosOf(result)) === 'falls short'),
  }
}

async function measurePairs(
  name: string,
  { unit, prepare }: PairedCase,
  { sides, pairs: count, progress }: Comparison & { sides: Sides },
): Promise<Result> {
  const measures = { thisBuild: await prepare(sides.thisBuild), revision: await prepare(sides.revision) }
  const pairs: Pair[] = []
  for (let number = 0; number < count; number += 1) {
    const pair: Pair = { thisBuild: Number.NaN, revision: Number.NaN }
    for (const side of orderOfPair(number)) pair[side] = await measures[side]()
    pairs.push(pair)
    const values = `${amount(pair.thisBuild, unit)} and ${amount(pair.revision, unit)}`
    progress(`${name}: pair ${number + 1} of ${count}, ${values}, ratio ${ratioOf(pair, unit).toFixed(3)}`)
  }
  return { name, unit, pairs }
}

const ratiosOf = ({ pairs, unit }: Result): number[] => pairs.map((pair) => ratioOf(pair, unit))

function tableOf(results: Result[], revision: string): string {
  const head = ['case', 'unit', 'this build', revision, 'median ratio', 'ratios', 'result']
  const rows = results.map((result) => {
    const { name, unit, pairs } = result
    const ratios = ratiosOf(result)
    return [
      name,
      unit,
      amount(median(pairs.map((pair) => pair.thisBuild)), unit),
      amount(median(pairs.map((pair) => pair.revision)), unit),
      median(ratios).toFixed(3),
      ratios.map((ratio) => ratio.toFixed(2)).join(' '),
      decide(ratios),
    ]
  })
  return markdown([head, ...rows])
}
