import { hasCause } from './error-causes'

const CLOSED = /Cannot use a pool after calling end|PGlite is clos/

/** Whether a statement failed because this process has closed its database: a stop ends while a request still runs. */
export const isDatabaseClosed = (error: unknown): boolean =>
  hasCause(error, ({ message }: { message?: unknown }) => typeof message === 'string' && CLOSED.test(message))
