import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { connected, query } from '../databases'

/** Clock ticks of proc(5): 100 a second on every Linux of today (getconf CLK_TCK). */
const TICKS_PER_SECOND = 100
const READ_EVERY_MS = 500

/** Everybody's connections to the database but those of the run itself. */
const BACKENDS = `FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'hookgate bench'`

/**
 * The share of a core (0 to 1) that the server's processes for a database use during a time. The server must run on this machine,
 * because /proc says it.
 */
export async function cpuOfBackends(database: string, ms: number): Promise<number> {
  return connected(database, async (client) => {
    const first = await secondsByPid(client)
    const last = new Map(first)
    const startedAt = performance.now()
    while (performance.now() - startedAt < ms) {
      await sleep(READ_EVERY_MS)
      // Read often, because a process that has ended says nothing more.
      for (const [pid, seconds] of await secondsByPid(client)) last.set(pid, seconds)
    }
    if (last.size === 0) throw new Error("PostgreSQL's processes are not to be seen on this machine")
    const elapsed = (performance.now() - startedAt) / 1_000
    const used = [...last].reduce((sum, [pid, seconds]) => sum + seconds - (first.get(pid) ?? 0), 0)
    return used / elapsed
  })
}

async function secondsByPid(client: Client): Promise<Map<number, number>> {
  const { rows } = await client.query<{ pid: number }>(`SELECT pid ${BACKENDS}`)
  return new Map(
    rows.flatMap(({ pid }): [number, number][] => {
      const seconds = cpuSeconds(pid)
      return seconds === undefined ? [] : [[pid, seconds]]
    }),
  )
}

/** User and system time of a process; undefined when there is no such process. */
function cpuSeconds(pid: number): number | undefined {
  try {
    // The name, in parentheses, may contain spaces. The fields 14 and 15 are the times, the third follows the name.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Looks again and again at the backends that execute a statement.
 *
 * @returns the share (0 to 1) that waits for a heavyweight lock, such as one on a row
 */
export async function shareWaitingForLocks(
  database: string,
  { everyMs, isDone }: { everyMs: number; isDone: () => boolean },
): Promise<number> {
  const seen = { active: 0, waiting: 0 }
  await connected(database, async (client) => {
    while (!isDone()) {
      const { rows } = await client.query(
        `SELECT count(*)::int AS active, count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS waiting
          ${BACKENDS} AND state = 'active'`,
      )
      seen.active += rows[0].active
      seen.waiting += rows[0].waiting
      await sleep(everyMs)
    }
  })
  if (seen.active === 0) throw new Error('No backend was active')
  return seen.waiting / seen.active
}

/** How many connections to a database are open, but those of the run itself. */
export async function openConnections(database: string): Promise<number> {
  const [row] = await query<{ count: number }>(database, `SELECT count(*)::int AS count ${BACKENDS}`)
  return row?.count ?? Number.NaN
}

/** Milliseconds that all sessions of a database have spent executing statements, as far as they have reported them. */
export async function activeMs(database: string): Promise<number> {
  const [row] = await query<{ ms: number }>(
    database,
    'SELECT active_time AS ms FROM pg_stat_database WHERE datname = current_database()',
  )
  return row?.ms ?? Number.NaN
}
