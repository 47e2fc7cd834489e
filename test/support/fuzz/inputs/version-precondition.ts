import fc from 'fast-check'

/** How `If-Match`, `If-None-Match` or `expectedVersion` names the version of an endpoint. */
export type VersionPrecondition = 'none' | 'any' | 'current' | 'stale' | 'in a list' | 'weak' | 'malformed'

export const versionPrecondition: fc.Arbitrary<VersionPrecondition> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<VersionPrecondition>('none') },
  {
    weight: 6,
    arbitrary: fc.constantFrom<VersionPrecondition>(
      'any',
      'current',
      'current',
      'stale',
      'in a list',
      'weak',
      'malformed',
    ),
  },
)

const MALFORMED = '7, "x", \xff'

/** @returns the value of the header; undefined = without the header */
export function entityTags(precondition: VersionPrecondition, version: number): string | undefined {
  const values: Record<VersionPrecondition, string | undefined> = {
    none: undefined,
    any: ' * ',
    current: `"${version}"`,
    stale: `"${version + 1}"`,
    'in a list': `"x", "${version + 7}" , "${version}"`,
    weak: `W/"${version}"`,
    malformed: MALFORMED,
  }
  return values[precondition]
}

/** Whether a change succeeds. `If-Match` uses the strong comparison, in which a weak tag matches nothing. */
export const allowsChange = (precondition: VersionPrecondition) =>
  precondition !== 'stale' && precondition !== 'weak' && precondition !== 'malformed'

/** Whether a read answers 304. `If-None-Match` uses the weak comparison, in which a weak tag matches. */
export const isNotModified = (precondition: VersionPrecondition) =>
  precondition !== 'none' && precondition !== 'stale' && precondition !== 'malformed'
