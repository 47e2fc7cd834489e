import fc from 'fast-check'

/** How `If-Match`, `If-None-Match` or `expectedVersion` names the version of an endpoint. */
export type VersionPrecondition =
  | 'none'
  | 'any'
  | 'current'
  | 'stale'
  | 'in a list'
  | 'weak'
  | 'compressed'
  | 'malformed'

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
      'compressed',
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
    compressed: `"${version}-gzip"`,
    malformed: MALFORMED,
  }
  return values[precondition]
}

/** Whether a change succeeds. */
export const allowsChange = (precondition: VersionPrecondition) =>
  precondition !== 'stale' && precondition !== 'malformed'

/** Whether a read answers 304. */
export const isNotModified = (precondition: VersionPrecondition) =>
  precondition !== 'none' && precondition !== 'stale' && precondition !== 'malformed'
