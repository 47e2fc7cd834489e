import { Client } from 'pg'
import { type PrivatePostgres, startPrivatePostgres } from './private-postgres'
import { onServer } from './template'
import { until } from './until'

/** A primary, and a standby that follows it. */
export interface ReplicatedPostgres {
  primary: PrivatePostgres
  standby: PrivatePostgres
  /**
   * The address of a database that names both.
   *
   * @param query such as `target_session_attrs=any`
   */
  url(database: string, query: string, first?: 'primary' | 'standby'): string
}

/**
 * Starts both, with an empty database in them.
 *
 * @param isSynchronous every commit on the primary waits until it is on the standby's disk
 */
export async function startReplicatedPostgres(
  database: string,
  { isSynchronous = false } = {},
): Promise<ReplicatedPostgres> {
  const primary = await startPrivatePostgres()
  await onServer(primary.url, `CREATE DATABASE ${database}`)
  const standby = await startPrivatePostgres({ standbyOf: primary })
  if (isSynchronous) {
    // Set after the copy was made: the standby waits for nobody once it is the primary.
    await onServer(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
    await onServer(primary.url, 'SELECT pg_reload_conf()')
    await until(async () => (await replicationOf(primary)) === 'sync')
  }
  return {
    primary,
    standby,
    url(name, query, first = 'primary') {
      const servers = first === 'primary' ? [primary, standby] : [standby, primary]
      const hosts = servers.map(({ url }) => new URL(url).host).join(',')
      return `postgresql://postgres@${hosts}/${name}?${query}`
    },
  }
}

async function replicationOf({ url }: PrivatePostgres): Promise<string | undefined> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client
    .query("SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'")
    .finally(() => client.end())
  return rows[0]?.sync_state
}
