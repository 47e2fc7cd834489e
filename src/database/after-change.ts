import { UnansweredError } from './unanswered'
import { isDatabaseUnavailable } from './unavailable'

/**
 * For what follows a stored change in the same call: its failure must not look as if nothing were stored.
 *
 * @throws UnansweredError where the database does not answer
 */
export async function afterChange<Result>(following: Promise<Result>): Promise<Result> {
  return following.catch((error) => {
    if (!isDatabaseUnavailable(error)) throw error
    throw new UnansweredError('A change is stored, and what follows it has failed', { cause: error })
  })
}
