import type { Core } from './core'

const STEP_S = 4 * 3_600

/** Makes the database as it was before the first endpoint and the first event. */
export const removeEverything = (core: Core) =>
  core.sql(
    `DO $$
    DECLARE
      leaf text;
    BEGIN
      TRUNCATE endpoints, queue, lanes, lane_wakes, fan_outs, idempotency_keys, event_partitions RESTART IDENTITY CASCADE;
      FOR leaf IN SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r' LOOP
        EXECUTE 'DROP TABLE ' || leaf;
      END LOOP;
      PERFORM setval('events_id_seq', 1, false), make_event_partitions();
    END
    $$`,
  )

/** Lets everything that is kept in the database grow older by some days, and prunes meanwhile, as a running gateway does. */
export async function passDays(core: Core, days: number): Promise<void> {
  const steps = Math.ceil((days * 86_400) / STEP_S)
  // What one run has emptied, a run a minute later drops.
  for (const seconds of [...Array<number>(steps).fill((days * 86_400) / steps), 120, 120]) {
    await growOlder(core, seconds)
    await core.run('prune')
  }
}

/** Moves every time that the retention compares with the clock. */
export const growOlder = (core: Core, seconds: number) =>
  core.sql(
    `WITH age AS (SELECT make_interval(secs => $1::float8) AS age),
    partitions AS (
      UPDATE event_partitions SET opened_at = opened_at - age, closed_at = closed_at - age, emptied_at = emptied_at - age
      FROM age
    ),
    published AS (UPDATE events SET created_at = created_at - age FROM age),
    deleted AS (UPDATE endpoints SET deleted_at = deleted_at - age FROM age WHERE deleted_at IS NOT NULL)
    UPDATE idempotency_keys SET expires_at = expires_at - age FROM age`,
    seconds,
  )

/** The first event ids of the tables of one kind that exist. */
export const tablesOf = async (core: Core, parent: string): Promise<number[]> =>
  (
    await core.sql<{ id: number }>(
      `SELECT substr(inhrelid::regclass::text, length($1) + 2)::integer AS id FROM pg_inherits
      WHERE inhparent = $1::regclass ORDER BY 1`,
      parent,
    )
  ).map(({ id }) => id)
