import { DatabaseProblem } from '../migrations/database-problem'
import { sqlName } from '../migrations/missing-rights'
import { isDatabaseUnavailable } from '../unavailable'
import { type DatabaseAddress, placeOf } from './address/database-address'
import { ConnectionFault } from './connection-fault'

/** Where a connection leads. Without the URL: the URL holds a password. */
export interface Destination {
  /** such as `db.example.com:5432` */
  place: string
  database: string | undefined
  user: string | undefined
}

/** A sentence by the code of PostgreSQL's error (its documentation, appendix A) for a connection that the server refuses. */
const CONNECTION_ERRORS: Record<string, (destination: Destination, message: string) => string> = {
  // invalid_password
  '28P01': (at, message) =>
    `${server(at)} refuses the password of the role ${role(at)}, or has no such role (${message}): check it, or run \`${createRole(at)}\` as a superuser`,
  // invalid_authorization_specification
  '28000': (at, message) =>
    message.includes('does not exist')
      ? `${server(at)} has no role ${role(at)}: run \`${createRole(at)}\` as a superuser`
      : `${server(at)} does not let the role ${role(at)} in (${message}): allow it in pg_hba.conf, or use another role`,
  // invalid_catalog_name
  '3D000': (at) =>
    `${server(at)} has no database ${database(at)}: run \`CREATE DATABASE ${database(at)} OWNER ${role(at)} ENCODING 'UTF8' TEMPLATE template0\` as a superuser`,
  // insufficient_privilege
  '42501': (at) =>
    `The database ${database(at)} at ${at.place} does not let the role ${role(at)} connect: run \`GRANT CONNECT ON DATABASE ${database(at)} TO ${role(at)}\` as its owner or as a superuser`,
  // too_many_connections
  '53300': (at, message) =>
    `${server(at)} has no connection left (${message}): close some, raise max_connections, or lower HOOKGATE_DATABASE_CONNECTIONS`,
  // cannot_connect_now
  '57P03': (at, message) => `${server(at)} accepts no connection now (${message}): start again later`,
}

/**
 * Says in one sentence which database, what is wrong and what to do. The sentence holds no piece of the URL but host, port,
 * database and role.
 */
export function operatorError(error: unknown, at: Destination, variable: string): unknown {
  const sentence = (text: string) => new Error(`${text} (${variable}).`, { cause: error })
  if (error instanceof DatabaseProblem) {
    return sentence(`The database ${database(at)} at ${at.place} ${error.problem}: ${error.remedy}`)
  }
  // A fault that is not the answer of a server may have no cause.
  const reported = error instanceof ConnectionFault ? (error.cause ?? error) : error
  const { code, message } = reported as { code?: string; message: string }
  const connectionError = code === undefined ? undefined : CONNECTION_ERRORS[code]
  if (connectionError) return sentence(connectionError(at, message))
  if (/client password must be a (non-empty )?string/.test(message)) {
    return sentence(`${server(at)} requires the password of the role ${role(at)}: add it`)
  }
  if (error instanceof ConnectionFault) {
    const fault = error.options.isAway ? `${server(at)} does not answer` : 'Cannot connect to the database'
    return new Error(`${fault} (${variable}): ${error.message}.`, { cause: error })
  }
  if (isDatabaseUnavailable(error)) return sentence(`${server(at)} does not answer`)
  return sentence(`${server(at)} refuses the role ${role(at)} or a statement: ${message}`)
}

export function destinationOf(address: DatabaseAddress): Destination {
  const { user, database } = address
  return { place: placeOf(address), user, database }
}

const server = (at: Destination) => `The database server at ${at.place}`
const database = (at: Destination) => sqlName(at.database ?? at.user ?? '')
const role = (at: Destination) => sqlName(at.user ?? '')
const createRole = (at: Destination) => `CREATE ROLE ${role(at)} LOGIN PASSWORD '...'`
