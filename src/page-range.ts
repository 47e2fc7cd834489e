import { type Problem, throwProblems } from './failure'

export const PAGE_LIMIT_DEFAULT = 20
export const PAGE_LIMIT_MAX = 100
/** The largest offset that PostgreSQL's integers and everybody's patience bear. */
const OFFSET_MAX = 2_147_483_647

/**
 * The part of a list that a caller asks for; null and undefined mean the default.
 *
 * @param others what else is wrong with the request, to be told along
 * @throws Failure `validation_failed`
 */
export function pageRange(
  { limit, offset }: { limit?: number | null; offset?: number | null },
  others: Problem[] = [],
): { take: number; skip: number } {
  const take = limit ?? PAGE_LIMIT_DEFAULT
  const skip = offset ?? 0
  throwProblems([
    ...validateRange('limit', take, 1, Number.MAX_SAFE_INTEGER),
    ...validateRange('offset', skip, 0, OFFSET_MAX),
    ...others,
  ])
  return { take: Math.min(take, PAGE_LIMIT_MAX), skip }
}

function validateRange(name: string, value: number, least: number, most: number): Problem[] {
  if (value >= least && value <= most) return []
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `between ${least} and ${most}`
  return [{ path: [name], code: 'OUT_OF_RANGE', message: `${name} must be ${range}.` }]
}
