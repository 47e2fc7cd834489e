import type { Client } from 'pg'
import { until } from './until'

/**
 * Waits until `count` connections to the client's database, or more, wait for a lock.
 *
 * @param client may be in a transaction, such as the one that holds the lock
 */
export const untilWaiting = (client: Client, count = 1): Promise<void> =>
  until(async () => {
    // Within one transaction, PostgreSQL would show the activity of the first look again and again.
    await client.query('SELECT pg_stat_clear_snapshot()')
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return (rowCount ?? 0) >= count
  })
