import { readFileSync } from 'node:fs'
import { query } from '../databases'

/** Microseconds of one clock tick of proc(5): every Linux of today has 100 a second (getconf CLK_TCK). */
const TICK_US = 10_000

/** What some work has cost since the same was read before. */
export interface Costs {
  /** microseconds of CPU of the server's processes for one database */
  serverUs: number
  /** microseconds of CPU of the given process of a gateway */
  gatewayUs: number
  /** bytes of the server's log of writes */
  walBytes: number
  /** transactions that the database has committed; the server reports them with a delay of up to a second */
  commits: number
}

/** The costs so far. The server must run on this machine, and nobody else may write on it meanwhile. */
export async function readCosts(database: string, gatewayPid: number): Promise<Costs> {
  const [row] = await query<{ pids: number[]; wal: string; commits: string }>(
    database,
    `SELECT ARRAY(SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'hookgate bench') AS pids,
      pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
      (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits`,
  )
  const serverUs = (row?.pids ?? []).reduce((sum, pid) => sum + cpuUs(pid), 0)
  return {
    serverUs,
    gatewayUs: cpuUs(gatewayPid),
    walBytes: Number(row?.wal),
    commits: Number(row?.commits),
  }
}

/** The costs of one of `count` equal pieces of work. */
export function costsOfEach(before: Costs, after: Costs, count: number): Costs {
  const each = (name: keyof Costs) => (after[name] - before[name]) / count
  return {
    serverUs: each('serverUs'),
    gatewayUs: each('gatewayUs'),
    walBytes: each('walBytes'),
    commits: each('commits'),
  }
}

/** User and system time of a process, which is still there. */
function cpuUs(pid: number): number {
  // The name, in parentheses, may contain spaces. The fields 14 and 15 are the times, the third follows the name.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Milliseconds that calls of a SQL function have taken, as far as the sessions have reported them. */
export async function functionMs(database: string, name: string): Promise<number> {
  const [row] = await query<{ ms: number }>(
    database,
    'SELECT coalesce(sum(total_time), 0)::float8 AS ms FROM pg_stat_user_functions WHERE funcname = $1',
    [name],
  )
  return row?.ms ?? Number.NaN
}

/** How often a SQL function was called, as far as the sessions have reported it. */
export async function callsOf(database: string, name: string): Promise<number> {
  const [row] = await query<{ calls: number }>(
    database,
    'SELECT coalesce(sum(calls), 0)::integer AS calls FROM pg_stat_user_functions WHERE funcname = $1',
    [name],
  )
  return row?.calls ?? Number.NaN
}

/** Bytes of a row of a partitioned table on disk, with its share of the indexes; and of the indexes alone. */
export async function bytesOfRow(
  database: string,
  table: string,
): Promise<{ whole: number; indexes: number }> {
  const [row] = await query<{ whole: number; indexes: number }>(
    database,
    `SELECT sum(pg_total_relation_size(relid))::float8 / (SELECT count(*) FROM ${table}) AS whole,
      sum(pg_indexes_size(relid))::float8 / (SELECT count(*) FROM ${table}) AS indexes
    FROM pg_partition_tree('${table}') WHERE isleaf`,
  )
  return row ?? { whole: Number.NaN, indexes: Number.NaN }
}

/** Counts the calls of SQL functions, and their time, from the next connection on. */
export async function trackFunctions(database: string): Promise<void> {
  await query(database, `ALTER DATABASE ${new URL(database).pathname.slice(1)} SET track_functions = 'pl'`)
}
