import { DatabaseError } from 'pg'

/** PostgreSQL's codes (its documentation, appendix A) of answers after which the server ends the session. */
const ENDS_SESSION = /^(08...|57P0[1-5]|25P0[34])$/

/**
 * Whether the server has answered a statement with an error: nothing of the statement is stored, and the session continues. Decides
 * by the code, because the server translates the severity into its own language (`lc_messages`).
 */
export const isStatementError = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && !ENDS_SESSION.test(error.code ?? '')
