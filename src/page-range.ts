import { type Problem, throwProblems } from './failure'
import { INTEGER_MAX } from './identifiers'

export const PAGE_LIMIT_DEFAULT = 20
/** A larger limit counts as this one. */
export const PAGE_LIMIT_MAX = 100

/**
 * The rows of a list that a page holds. For `limit` and `offset`, null and undefined mean the default.
 *
 * @param otherProblems problems of the other arguments, reported in the same failure
 * @throws Failure `validation_failed`
 */
export function pageRange(
  { limit, offset }: { limit?: number | null; offset?: number | null },
  otherProblems: Problem[] = [],
): { take: number; skip: number } {
  const take = limit ?? PAGE_LIMIT_DEFAULT
  const skip = offset ?? 0
  throwProblems([
    ...validateRange('limit', take, 1, Number.MAX_SAFE_INTEGER),
    ...validateRange('offset', skip, 0, INTEGER_MAX),
    ...otherProblems,
  ])
  return { take: Math.min(take, PAGE_LIMIT_MAX), skip }
}

function validateRange(name: string, value: number, least: number, most: number): Problem[] {
  if (value >= least && value <= most) return []
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `between ${least} and ${most}`
  return [{ path: [name], code: 'OUT_OF_RANGE', message: `${name} must be ${range}.` }]
}
