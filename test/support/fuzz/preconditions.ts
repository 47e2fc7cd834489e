import fc from 'fast-check'

/** The form of a version in `If-Match`, `If-None-Match` or `expectedVersion`. */
export type Match = 'none' | 'any' | 'current' | 'stale' | 'among others' | 'weak' | 'garbage'

export const match: fc.Arbitrary<Match> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Match>('none') },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Match>(
      'any',
      'current',
      'current',
      'stale',
      'among others',
      'weak',
      'garbage',
    ),
  },
)

const GARBAGE = '7, "x", \xff'

/** The header's value; undefined = left out. */
export function tagsOf(how: Match, version: number): string | undefined {
  const values: Record<Match, string | undefined> = {
    none: undefined,
    any: ' * ',
    current: `"${version}"`,
    stale: `"${version + 1}"`,
    'among others': `"x", "${version + 7}" , "${version}"`,
    weak: `W/"${version}"`,
    garbage: GARBAGE,
  }
  return values[how]
}

/** Whether a change goes ahead: `If-Match` compares strongly. */
export const lets = (how: Match) => how !== 'stale' && how !== 'weak' && how !== 'garbage'

/** Whether a caller already has this version: `If-None-Match` compares weakly. */
export const isKnown = (how: Match) => how !== 'none' && how !== 'stale' && how !== 'garbage'
