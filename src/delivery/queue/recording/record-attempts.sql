-- Records attempts, and what follows from them for their deliveries: see record-attempts.ts, which calls this function.
--
-- `finished` is a JSON array of FinishedAttempt, sorted by event and endpoint. It is json and not jsonb: reading 200 attempts takes
-- 5 µs each instead of 9. `recording_shard` names the counters that this process writes, so that two processes do not wait for one
-- row.
--
-- Every statement finds its rows by the keys that `finished` names, whatever the statistics say.
CREATE OR REPLACE FUNCTION record_attempts(
    recording_owner uuid,
    clock_offset_ms float8,
    recording_shard integer,
    finished json
) RETURNS TABLE (id text)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    recorded_at timestamptz(3) := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
    -- The first event ids of the partitions that hold events.
    partition_starts bigint[] := ARRAY(
        SELECT first_event_id FROM event_partitions WHERE emptied_at IS NULL ORDER BY first_event_id
    );
BEGIN
    RETURN QUERY
    WITH attempt AS MATERIALIZED (
        SELECT *, recorded_at + make_interval(secs => "retryInMs" / 1000) AS due_at
        FROM json_to_recordset(finished) AS attempt(
            "sendId" uuid, "eventId" bigint, "endpointId" integer, "number" integer, "resendCount" integer,
            "sentAt" timestamptz, "signatureHeader" text, "responseStatus" integer, "responseBody" text,
            "responseTruncated" boolean, "durationMs" integer, "error" attempt_error, "errorDetail" text, "outcome" text,
            "retryInMs" float8, "restMs" float8, "isGone" boolean)
        -- Older events have been removed, with their deliveries.
        WHERE "eventId" >= partition_starts[1]
    ),
    -- The deliveries that are still pending, locked in the order of their keys. LATERAL with a lock is a barrier for the planner:
    -- each delivery is found by its key, never by reading the queue. `address` stays valid while the row is locked.
    found AS MATERIALIZED (
        SELECT attempt.*, delivery.*,
            delivery.resend_count = attempt."resendCount"
                AND (attempt."outcome" = 'delivered' OR attempt."outcome" = 'failed' AND delivery.is_held) AS is_ended,
            delivery.resend_count > attempt."resendCount" AS is_resent
        FROM attempt CROSS JOIN LATERAL (
            SELECT ctid AS address, resend_count, attempt_count, coalesce(lease_owner = recording_owner, false) AS is_held
            FROM queue WHERE event_id = attempt."eventId" AND endpoint_id = attempt."endpointId"
            FOR NO KEY UPDATE
        ) delivery
    ),
    ended AS (
        DELETE FROM queue WHERE ctid = ANY (ARRAY(SELECT address FROM found WHERE is_ended))
    ),
    archived AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count)
        SELECT "eventId", "endpointId", upper("outcome")::delivery_status, greatest(attempt_count, "number")
        FROM found WHERE is_ended
    ),
    kept AS (
        UPDATE queue delivery
        SET attempt_count = greatest(delivery.attempt_count, found."number"),
            tries = CASE
                WHEN is_resent THEN 0
                WHEN found."outcome" = 'retry' THEN delivery.tries + 1
                ELSE delivery.tries
            END,
            next_attempt_at = CASE WHEN is_resent THEN recorded_at ELSE found.due_at END,
            busy_since = CASE
                WHEN is_resent THEN NULL
                WHEN found."outcome" = 'busy' THEN coalesce(delivery.busy_since, recorded_at)
                ELSE delivery.busy_since
            END,
            lease_owner = NULL, lease_expires_at = NULL
        FROM found
        WHERE delivery.ctid = ANY (ARRAY(
                SELECT address FROM found WHERE is_held AND (is_resent OR "outcome" IN ('retry', 'busy', 'aborted'))
            ))
            AND delivery.event_id = found."eventId" AND delivery.endpoint_id = found."endpointId"
        RETURNING delivery.endpoint_id, delivery.next_attempt_at,
            recorded_at + make_interval(secs => found."restMs" / 1000) AS resting_until
    ),
    -- The lane must be looked into when the delivery is due, at the latest. Locks lanes in the order of endpoints.
    called AS (
        INSERT INTO lanes (endpoint_id, is_awake, due_at, resting_until)
        SELECT endpoint_id, false, min(next_attempt_at), max(resting_until) FROM kept GROUP BY endpoint_id ORDER BY endpoint_id
        ON CONFLICT (endpoint_id) DO UPDATE
        SET due_at = least(lanes.due_at, excluded.due_at),
            resting_until = greatest(lanes.resting_until, excluded.resting_until)
        WHERE NOT lanes.is_awake AND lanes.due_at > excluded.due_at
            OR excluded.resting_until > coalesce(lanes.resting_until, '-infinity')
    ),
    recorded AS (
        INSERT INTO attempts (send_id, event_id, endpoint_id, number, created_at, sent_at, signature_header, response_status,
            response_body, response_truncated, duration_ms, error, error_detail, next_retry_at)
        SELECT "sendId", "eventId", "endpointId", "number", recorded_at, "sentAt", "signatureHeader", "responseStatus",
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
    )
    SELECT recorded.id::text FROM recorded;
END
$$;
