/**
 * Why the database cannot be used as it is, and what the operator does about it. Each part continues a sentence:
 * `The database ... ${problem}: ${remedy}`.
 */
export class DatabaseProblem extends Error {
  override name = 'DatabaseProblem'

  /**
   * @param problem such as `is read-only`
   * @param remedy on a PostgreSQL server: which statement to run as whom
   */
  constructor(
    readonly problem: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(problem, options)
  }
}

/** PostgreSQL's code for a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501'
/** PostgreSQL's codes for a schema, table, column, type, function or other object that exists already. */
const DUPLICATE = /^(42P06|42P07|42701|42710|42723)$/

export const isRightMissing = (error: unknown) => codeOf(error) === INSUFFICIENT_PRIVILEGE
export const isDuplicate = (error: unknown) => DUPLICATE.test(codeOf(error))

const codeOf = (error: unknown) => String((error as { code?: unknown } | undefined)?.code)
