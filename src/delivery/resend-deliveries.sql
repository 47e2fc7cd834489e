-- Makes deliveries of events to one endpoint pending again, due at once, with a new retry schedule. A delivery that has ended moves
-- back into the queue; a pending one is changed in place; an event without a delivery to the endpoint gets one.
--
-- Invariant: each event has one row, in the queue or in ended_deliveries. record_attempts and cancel_deliveries move rows the
-- other way. The first statement locks what is in the queue, and waits for a transaction that is moving a row out of it. The second
-- statement sees what was committed before it started (READ COMMITTED), so it finds that row in ended_deliveries. Rows are locked
-- in the order of events, as record_attempts does, so that the two never deadlock.
-- The caller has called lock_resend.
CREATE OR REPLACE FUNCTION resend_deliveries(to_endpoint integer, event_ids bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    resent_at timestamptz := clock_timestamp();
BEGIN
    -- Again, for events that were published after the caller did so.
    PERFORM lock_resend(to_endpoint, event_ids);
    PERFORM FROM queue WHERE endpoint_id = to_endpoint AND event_id = ANY (event_ids) ORDER BY event_id FOR NO KEY UPDATE;

    WITH reopened AS (
        DELETE FROM ended_deliveries WHERE endpoint_id = to_endpoint AND event_id = ANY (event_ids)
        RETURNING event_id, attempt_count
    )
    INSERT INTO queue (event_id, endpoint_id, attempt_count, next_attempt_at, resend_count)
    SELECT id, to_endpoint, coalesce(reopened.attempt_count, 0), resent_at, 1
    FROM unnest(event_ids) AS id LEFT JOIN reopened ON reopened.event_id = id
    ORDER BY id
    ON CONFLICT (event_id, endpoint_id) DO UPDATE
    SET tries = 0, resend_count = queue.resend_count + 1, next_attempt_at = excluded.next_attempt_at, busy_since = NULL;

    -- Somebody wants them sent now, also to an endpoint that asked to be left alone.
    UPDATE lanes SET resting_until = NULL WHERE endpoint_id = to_endpoint AND resting_until > resent_at;
    INSERT INTO lane_wakes (endpoint_id) VALUES (to_endpoint);
END
$$;
