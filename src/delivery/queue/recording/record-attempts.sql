-- Records attempts, and what follows from them for their deliveries: see record-attempts.ts, which calls this function.
--
-- `finished` is a JSON array of FinishedAttempt, sorted by event and endpoint. It is json and not jsonb: reading 200 attempts takes
-- 5 µs each instead of 9. `recording_shard` names the counters that this process writes, so that two processes do not wait for one
-- row.
--
-- The first statement finds its rows by the keys that `finished` names, whatever the statistics say, and locks them. Those after it
-- find them by their addresses (ctid), which stay valid because the rows are locked. They must be statements of their own: a
-- statement that waited for a lock cannot see, at its new address, the row that it waited for.
CREATE OR REPLACE FUNCTION record_attempts(
    recording_owner uuid,
    clock_offset_ms float8,
    recording_shard integer,
    finished json
) RETURNS TABLE (id text)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    recorded_at timestamptz(3) := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
    -- The first event ids of the partitions that hold events.
    partition_starts bigint[] := ARRAY(
        SELECT first_event_id FROM event_partitions WHERE emptied_at IS NULL ORDER BY first_event_id
    );
    recorded_ids text[];
    -- The deliveries that have ended.
    ended tid[];
    -- The deliveries that stay pending, and what becomes of each.
    kept tid[];
    numbers integer[];
    tries_used integer[];
    due_times timestamptz[];
    busy_times timestamptz[];
    rest_times timestamptz[];
BEGIN
    WITH attempt AS MATERIALIZED (
        SELECT *, recorded_at + make_interval(secs => "retryInMs" / 1000) AS due_at
        FROM json_to_recordset(finished) AS attempt(
            "sendId" uuid, "eventId" bigint, "endpointId" integer, "number" integer, "trigger" attempt_trigger, "resendCount" integer,
            "sentAt" timestamptz, "signatureHeader" text, "responseStatus" integer, "responseBody" text,
            "responseTruncated" boolean, "durationMs" integer, "error" attempt_error, "errorDetail" text, "outcome" text,
            "retryInMs" float8, "restMs" float8, "isGone" boolean)
        -- Older events have been removed, with their deliveries.
        WHERE "eventId" >= partition_starts[1]
    ),
    -- The deliveries that are still pending, locked in the order of their keys, each as it is under the lock. LATERAL with a lock is
    -- a barrier for the planner: each delivery is found by its key, never by reading the queue.
    found AS MATERIALIZED (
        SELECT attempt.*, delivery.*,
            delivery.resend_count = attempt."resendCount"
                AND (attempt."outcome" = 'delivered' OR attempt."outcome" = 'failed' AND delivery.is_held) AS is_ended,
            delivery.resend_count > attempt."resendCount" AS is_resent
        FROM attempt CROSS JOIN LATERAL (
            SELECT ctid AS address, resend_count, attempt_count, tries, busy_since,
                coalesce(lease_owner = recording_owner, false) AS is_held
            FROM queue WHERE event_id = attempt."eventId" AND endpoint_id = attempt."endpointId"
            FOR NO KEY UPDATE
        ) delivery
    ),
    archived AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
        SELECT "eventId", "endpointId", upper("outcome")::delivery_status, greatest(attempt_count, "number"), tries + 1
        FROM found WHERE is_ended
    ),
    recorded AS (
        INSERT INTO attempts (send_id, event_id, endpoint_id, number, trigger, outcome, created_at, sent_at, signature_header, response_status,
            response_body, response_truncated, duration_ms, error, error_detail, next_retry_at)
        SELECT "sendId", "eventId", "endpointId", "number", "trigger",
            CASE WHEN "error" = 'ABORTED' THEN 'ABORTED' WHEN "outcome" IN ('retry', 'failed') THEN 'FAILED'
                ELSE upper("outcome") END::attempt_outcome,
            recorded_at, "sentAt", "signatureHeader", "responseStatus",
            "responseBody", "responseTruncated", "durationMs", "error", "errorDetail", CASE WHEN NOT "isGone" THEN due_at END
        FROM attempt
        ON CONFLICT (event_id, endpoint_id, send_id) DO NOTHING
        RETURNING attempts.id, attempts.event_id, attempts.endpoint_id
    ),
    counted AS (
        INSERT INTO attempt_counts (endpoint_id, first_event_id, shard, count)
        SELECT recorded.endpoint_id, partition_starts[width_bucket(recorded.event_id, partition_starts)], recording_shard,
            count(*)
        FROM recorded GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (endpoint_id, first_event_id, shard) DO UPDATE SET count = attempt_counts.count + excluded.count
    ),
    pending AS (
        SELECT address, greatest(attempt_count, "number") AS number,
            CASE WHEN is_resent THEN 0 WHEN "outcome" = 'retry' THEN tries + 1 ELSE tries END AS tries,
            CASE WHEN is_resent THEN recorded_at ELSE due_at END AS due_at,
            CASE WHEN is_resent THEN NULL WHEN "outcome" = 'busy' THEN coalesce(busy_since, recorded_at) ELSE busy_since END AS busy_since,
            recorded_at + make_interval(secs => "restMs" / 1000) AS resting_until
        FROM found WHERE is_held AND (is_resent OR "outcome" IN ('retry', 'busy', 'aborted'))
    )
    SELECT ARRAY(SELECT recorded.id::text FROM recorded), ARRAY(SELECT address FROM found WHERE is_ended),
        array_agg(address), array_agg(number), array_agg(tries), array_agg(due_at), array_agg(busy_since), array_agg(resting_until)
    INTO recorded_ids, ended, kept, numbers, tries_used, due_times, busy_times, rest_times
    FROM pending;

    DELETE FROM queue WHERE ctid = ANY (ended);

    IF kept IS NOT NULL THEN
        WITH changed AS (
            UPDATE queue
            SET attempt_count = kept_delivery.number, tries = kept_delivery.tries, next_attempt_at = kept_delivery.due_at,
                busy_since = kept_delivery.busy_since, lease_owner = NULL, lease_expires_at = NULL
            FROM unnest(kept, numbers, tries_used, due_times, busy_times, rest_times)
                AS kept_delivery(address, number, tries, due_at, busy_since, resting_until)
            WHERE queue.ctid = kept_delivery.address
            RETURNING queue.endpoint_id, queue.next_attempt_at, kept_delivery.resting_until
        )
        -- The lane must be looked into when the delivery is due, at the latest. Locks lanes in the order of endpoints.
        INSERT INTO lanes (endpoint_id, is_awake, due_at, resting_until)
        SELECT endpoint_id, false, min(next_attempt_at), max(resting_until) FROM changed GROUP BY endpoint_id ORDER BY endpoint_id
        ON CONFLICT (endpoint_id) DO UPDATE
        SET due_at = least(lanes.due_at, excluded.due_at),
            resting_until = greatest(lanes.resting_until, excluded.resting_until)
        WHERE NOT lanes.is_awake AND lanes.due_at > excluded.due_at
            OR excluded.resting_until > coalesce(lanes.resting_until, '-infinity');
    END IF;
    RETURN QUERY SELECT unnest(recorded_ids);
END
$$;
