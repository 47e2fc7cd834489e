/** A database that does not answer within this time counts as away. */
export const ANSWER_WITHIN_MS = 10_000

/**
 * The server gives a statement up a little before this process does: what this process reports as not stored is then not stored
 * later, and no statement continues on a connection that nobody reads any more.
 */
const STATEMENT_WITHIN_MS = ANSWER_WITHIN_MS - 1_000

/** The longest wait for a lock: well below a statement's time, so that statements behind a locked table give their connections back. */
const LOCK_WITHIN_MS = 5_000

/** Settings of a session, by PostgreSQL's names. */
export type Settings = Readonly<Record<string, string>>

/**
 * What a session of ours means, whatever a server, a database or a role sets. The forms in which values are printed and read come
 * first; then whatever changes the meaning of a statement; then limits.
 */
const MEANING: Settings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  client_encoding: 'UTF8',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // The functions read again what was committed while they waited for a lock.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // A search must find all that matches.
  gin_fuzzy_search_limit: '0',
  // Short statements gain nothing by being compiled, and a wrong estimate makes each take half a second.
  jit: 'off',
}

/** Limits of a transaction. */
const LIMITS: Settings = {
  statement_timeout: String(STATEMENT_WITHIN_MS),
  lock_timeout: String(LOCK_WITHIN_MS),
  // Without this limit, a process whose machine vanishes between two statements would lock the endpoints of its claim
  // until the server's TCP gives the connection up, hours later.
  idle_in_transaction_session_timeout: String(ANSWER_WITHIN_MS),
}

/** Limits of a connection, which mean nothing where a pooler hands connections around. */
const CONNECTION: Settings = {
  idle_session_timeout: '0',
  // The server notices within half a minute that the machine of a client is gone, instead of after hours.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
}

/** Facts about a server that its settings follow. */
export interface ServerFacts {
  /** such as 150004 */
  version: number
  /** first the schema of the tables, then those of extensions */
  searchPath: string[]
  /** what the server would use */
  synchronousCommit: string
}

/** Settings of a connection before anything is known about the server. */
export const FIRST_SETTINGS: Settings = { ...MEANING, ...LIMITS, ...CONNECTION }

/** Settings of a connection that keeps its session. */
export const connectionSettings = (facts: ServerFacts): Settings => ({
  ...FIRST_SETTINGS,
  ...settingsBy(facts),
})

/** Settings of one transaction on a connection that a pooler may take from another client. */
export function transactionSettings(facts: ServerFacts): Settings {
  const {
    default_transaction_isolation: _isolation,
    default_transaction_deferrable: _deferrable,
    ...meaning
  } = MEANING
  return { ...meaning, ...LIMITS, ...settingsBy(facts) }
}

/** No time limits: changes of the schema take as long as they take. */
export const WITHOUT_LIMITS: Settings = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

function settingsBy({ version, searchPath, synchronousCommit }: ServerFacts): Settings {
  return {
    search_path: searchPath.map(quoteIdentifier).join(', '),
    // An accepted event must survive a crash and a failover, whatever a role sets; a stronger promise may stay.
    synchronous_commit: synchronousCommit === 'remote_apply' ? 'remote_apply' : 'on',
    ...(version >= 170_000 && { transaction_timeout: '0' }),
  }
}

export const quoteIdentifier = (name: string) => `"${name.replaceAll('"', '""')}"`

const quoteLiteral = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Settings as command-line options in the first message to a server. The last of several values of one setting counts. */
export const asOptions = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`)
    .join(' ')

/** Settings as one statement; `isLocal`: until the transaction ends. */
export function asStatement(settings: Settings, isLocal: boolean): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, ${isLocal})`,
  )
  return `SELECT ${calls.join(', ')}`
}
