import type { Core } from './core'

/** Endpoints whose count of attempts is not that of the attempts on record. */
export const wrongCounts = (core: Core) =>
  core.sql(
    `SELECT endpoint_id, counted.count, coalesce(recorded.count, 0) AS recorded
    FROM (SELECT endpoint_id, sum(count) AS count FROM attempt_counts GROUP BY endpoint_id) counted
    FULL JOIN (SELECT endpoint_id, count(*) FROM attempts GROUP BY endpoint_id) recorded USING (endpoint_id)
    WHERE counted.count IS DISTINCT FROM coalesce(recorded.count, 0)`,
  )
