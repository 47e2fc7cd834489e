import { hasCause } from './error-causes'
import { ConnectionFault } from './server/connection-fault'
import { UnansweredError } from './unanswered'

/** Error codes of Node, Prisma and PostgreSQL for a database that cannot be reached or accepts no connection now. */
const UNAVAILABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // no descriptor for another connection
  'EMFILE',
  'ENFILE',
  // Prisma: cannot reach, timed out, closed the connection, pool timed out
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  // Prisma: no transaction could be started in time, or the transaction took too long and was rolled back
  'P2028',
  // PostgreSQL: not writable (a standby), a transaction that was left alone for too long
  '25006',
  '25P03',
])

/**
 * Classes of PostgreSQL's error codes (its documentation, appendix A) that do not blame the statement: connection, transaction
 * rollback, resources, object in use, operator intervention, system.
 */
const UNAVAILABLE_CLASSES = /^(08|40|53|55|57|58)[0-9A-Z]{3}$/

/** What pg's pool says when no connection was free in time, and so do we: nothing was sent. */
export const NO_TURN = 'timeout exceeded when trying to connect'

const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Server has closed the connection|Can't reach database server|PGlite is clos/

export const isDatabaseUnavailable = (error: unknown): boolean => hasCause(error, saysUnavailable)

function saysUnavailable(error: object): boolean {
  if (error instanceof ConnectionFault || error instanceof UnansweredError) return true
  const { code, originalCode, message, kind } = error as Record<string, unknown>
  if (kind === 'DatabaseNotReachable' || kind === 'ConnectionClosed' || kind === 'TooManyConnections')
    return true
  if ([code, originalCode].some((name) => typeof name === 'string' && isUnavailableCode(name))) return true
  return typeof message === 'string' && MESSAGES.test(message)
}

const isUnavailableCode = (code: string) => UNAVAILABLE.has(code) || UNAVAILABLE_CLASSES.test(code)
