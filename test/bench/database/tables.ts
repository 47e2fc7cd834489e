import type { Client } from 'pg'
import { query } from '../databases'

/**
 * The gateway's tables as the measurements read and fill them. Everything else goes through the API, so that this is the one file
 * to change with the tables.
 */

/** The bodies of all events, in the order of publishing. */
export const publishedEvents = (database: string) =>
  query<{ id: string; body: string }>(database, 'SELECT id, body FROM events ORDER BY id')

/** How many attempts are on record. Cheap, because the server shares the cores with the system under measurement. */
export async function recordedAttempts(client: Client): Promise<number> {
  const { rows } = await client.query('SELECT coalesce(sum(count), 0)::integer AS count FROM attempt_counts')
  return rows[0].count
}

/** The attempts that a 200 answered, and the deliveries that one attempt has delivered. */
export async function outcomes(database: string): Promise<{ attempts: number; delivered: number }> {
  const [row] = await query<{ attempts: number; delivered: number }>(
    database,
    `SELECT (SELECT count(*)::int FROM attempts WHERE response_status = 200 AND error IS NULL) AS attempts,
      (SELECT count(*)::int FROM deliveries WHERE status = 'DELIVERED' AND attempt_count = 1) AS delivered`,
  )
  return row ?? { attempts: 0, delivered: 0 }
}

/** How many deliveries of an endpoint have a status, such as `DELIVERED`. */
export async function countDeliveries(client: Client, endpointId: number, status: string): Promise<number> {
  const { rows } = await client.query(
    'SELECT count(*)::int AS count FROM deliveries WHERE endpoint_id = $1 AND status = $2::delivery_status',
    [endpointId, status],
  )
  return rows[0].count
}

/** Publishes events to all endpoints that listen, in the transaction of the connection. */
export async function publishMany(
  client: Client,
  { type, data, count }: { type: string; data: string; count: number },
): Promise<void> {
  await client.query('SELECT count(hookgate_publish($1, $2::json)) FROM generate_series(1, $3::integer)', [
    type,
    data,
    count,
  ])
}

/** Whether an event has all its deliveries. */
export async function isFannedOut(client: Client, eventId: number): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM events WHERE id = $1 AND fanned_out_at IS NOT NULL', [
    eventId,
  ])
  return rows.length === 1
}

/** Leaves the statistics as they are: the server does not collect any by itself, nor remove dead rows. */
export async function switchAutovacuumOff(database: string): Promise<void> {
  const tables = await query<{ name: string }>(
    database,
    "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  )
  await query(
    database,
    tables.map(({ name }) => `ALTER TABLE ${name} SET (autovacuum_enabled = off)`).join(';'),
  )
}

/** Endpoints to insert, all alike. */
export interface ManyEndpoints {
  count: number
  type: string
  target: string
  isActive: boolean
  /** a sealed signing secret for each */
  secrets: { id: string; sealed: Uint8Array }[]
}

export async function insertEndpoints(
  client: Client,
  { count, type, target, isActive, secrets }: ManyEndpoints,
): Promise<void> {
  const { rows } = await client.query(
    `WITH endpoint AS (
      INSERT INTO endpoints (target, is_active) SELECT $2, $3 FROM generate_series(1, $1::integer) RETURNING id
    ), listening AS (
      INSERT INTO endpoint_events (endpoint_id, type, is_on) SELECT id, $4, $3 FROM endpoint
    )
    SELECT min(id) AS first FROM endpoint`,
    [count, target, isActive, type],
  )
  const sealed = secrets.map(({ sealed }) => Buffer.from(sealed))
  await client.query(
    `INSERT INTO signing_secrets (id, endpoint_id, sealed)
    SELECT id, $1 + number - 1, sealed
    FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS secret(id, sealed, number)`,
    [rows[0].first, secrets.map(({ id }) => id), sealed],
  )
}

/**
 * Makes one event with a pending delivery for each endpoint that listens to its type, and wakes their lanes.
 *
 * @param dueInMs 0 = first attempts, due at once; more = retries that wait for so long
 */
export async function insertPending(client: Client, type: string, dueInMs: number): Promise<void> {
  await client.query(
    `WITH event AS (
      INSERT INTO events (type, body, fanned_out_at)
      VALUES ($1, '{"event_id": 1, "type": "' || $1 || '", "data": {}}', now()) RETURNING id
    ), queued AS (
      INSERT INTO queue (event_id, endpoint_id, attempt_count, tries, next_attempt_at)
      SELECT event.id, endpoint_id, ($2 > 0)::int, ($2 > 0)::int, clock_timestamp() + make_interval(secs => $2 / 1000.0)
      FROM event, endpoint_events WHERE type = $1
    )
    INSERT INTO lanes (endpoint_id, is_awake, due_at)
    SELECT endpoint_id, true, now() FROM endpoint_events WHERE type = $1`,
    [type, dueInMs],
  )
}

/** Lets the lanes of all endpoints rest, as if each receiver had asked to be left alone for a day. */
export async function restLanes(database: string): Promise<void> {
  await query(
    database,
    `INSERT INTO lanes (endpoint_id, is_awake, due_at, resting_until)
    SELECT id, false, now() + interval '1 day', now() + interval '1 day' FROM endpoints`,
  )
}

/** Attempts to write, as after weeks of use. */
export interface WrittenAttempts {
  /** every one gets the same number of attempts */
  endpointIds: number[]
  /** all events must fit into its partition */
  firstEvent: number
  events: number
  /** of each endpoint, spread over the events in order, 0.2 s apart */
  attempts: number
  /** age of the last one */
  ageDays: number
}

/**
 * Writes attempts with their events and ended deliveries. To save time, the indexes are dropped and built again afterwards; the
 * resulting tables are the same.
 */
export async function writeAttempts(database: string, written: WrittenAttempts[]): Promise<void> {
  const indexes = await query<{ name: string; definition: string }>(
    database,
    `SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition
      FROM pg_index WHERE indrelid = 'attempts'::regclass AND NOT indisprimary`,
  )
  const statements = [
    "SET maintenance_work_mem = '256MB'",
    ...indexes.map(({ name }) => `DROP INDEX ${name}`),
    ...written.flatMap(insertStatements),
    ...indexes.map(({ definition }) => definition),
  ]
  await query(database, statements.join(';\n'))
}

const insertStatements = ({
  endpointIds,
  firstEvent,
  events,
  attempts,
  ageDays,
}: WrittenAttempts): string[] => [
  `INSERT INTO events (id, type, body, created_at, fanned_out_at)
    SELECT ${firstEvent} + number, 'post.created', '{"event_id": ' || ${firstEvent} + number || ', "data": {}}',
      now() - interval '${ageDays} days', now() - interval '${ageDays} days'
    FROM generate_series(0, ${events - 1}) AS number`,
  `INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count)
    SELECT ${firstEvent} + number, endpoint_id, 'DELIVERED', 1
    FROM generate_series(0, ${events - 1}) AS number, unnest('{${endpointIds}}'::integer[]) AS endpoint_id`,
  `INSERT INTO attempts (event_id, endpoint_id, number, outcome, created_at, sent_at, signature_header, response_status,
      response_body, duration_ms)
    SELECT event_id, endpoint_id, 1, 'DELIVERED', at, at, 't=1,v1=' || repeat('0', 64), 200, 'thank you', 12
    FROM (
      SELECT ${firstEvent} + number * ${events} / ${attempts} AS event_id,
        now() - interval '${ageDays} days' - make_interval(secs => (${attempts} - number) * 0.2) AS at
      FROM generate_series(0, ${attempts - 1}::bigint) AS number
    ) made, unnest('{${endpointIds}}'::integer[]) AS endpoint_id`,
  `INSERT INTO attempt_counts (endpoint_id, first_event_id, shard, count)
    SELECT endpoint_id, (SELECT max(first_event_id) FROM event_partitions WHERE first_event_id <= ${firstEvent}), 0, ${attempts}
    FROM unnest('{${endpointIds}}'::integer[]) AS endpoint_id`,
  `SELECT setval('events_id_seq', ${firstEvent + events - 1})`,
]

/**
 * Closes the partition of the last event, as so many days ago.
 *
 * @returns the first event of the next partition
 */
export async function closePartition(database: string, daysAgo: number): Promise<number> {
  const [next] = await query<{ first: string }>(
    database,
    `SELECT rotate_event_partitions('0 s');
    UPDATE event_partitions
    SET opened_at = now() - interval '${daysAgo + 1} days', closed_at = now() - interval '${daysAgo} days'
    WHERE closed_at IS NOT NULL;
    SELECT last_value AS first FROM events_id_seq`,
  )
  return Number(next?.first)
}

/** The least event that has an attempt on record; undefined = there is none. */
export async function oldestEvent(client: Client): Promise<number | undefined> {
  const { rows } = await client.query('SELECT min(event_id) AS id FROM attempts')
  return rows[0].id === null ? undefined : Number(rows[0].id)
}
